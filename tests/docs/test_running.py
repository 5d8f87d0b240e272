"""What pages and workflows tell to type runs as it stands, with small counts."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.docs.pages import ROOT, blocks

PHOTOGRAPHS = 12
SHORTER = {
    "train": "--iterations 3 --set batch_size=4 --set log.images_every=0 --set log.score_every=0 --jobs 1",
    "centrality": "--groups-per-code 2 --group-size 4 --scale-images 50",
}


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with examples/, photos/, and in bin/ a ``dcr`` that is asked for less than pages ask for."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(PHOTOGRAPHS):
        picture = Image.fromarray(rng.integers(0, 256, (70, 80, 3), np.uint8))
        picture.save(tmp_path / "photos" / ("one.jpg" if number == 0 else f"{number}.jpg"))
    (tmp_path / "bin").mkdir()
    cases = "\n".join(f'    {name}) set -- "$@" {options} ;;' for name, options in SHORTER.items())
    program = f'#!/bin/sh\ncase "$1" in\n{cases}\nesac\nexec "{sys.executable}" -m disentangle_cli "$@"\n'
    (tmp_path / "bin" / "dcr").write_text(program)
    (tmp_path / "bin" / "dcr").chmod(0o755)
    return tmp_path


def run(script: str, folder: Path, **variables: str) -> None:
    """A script of bash, as continuous integration runs it."""
    environment = os.environ | variables | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.usefixtures("with_dsprites")
@pytest.mark.parametrize("name", ["tutorial", "photographs"])
def test_a_page_runs(name: str, shell: Path) -> None:
    scripts = blocks(ROOT / "docs" / f"{name}.md", "sh")
    assert len(scripts) >= 3
    for script in scripts:
        run(script, shell)
    assert {"best.pt", "report.html"} <= {path.name for path in shell.iterdir()}


@pytest.mark.slow
def test_the_gate_runs(shell: Path) -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "ci-gate.yml").read_text())
    steps = [step for step in workflow["jobs"]["gate"]["steps"] if "run" in step]
    assert [step["name"] for step in steps] == ["Install", "Train", "Pick", "Gate", "Draw"]
    variables = {"DCR_CACHE": str(shell / "cache"), **workflow["env"]}
    # trained for a moment: any score passes
    scripts = {step["name"]: step["run"].replace("factor_vae=0.2", "factor_vae=0.01") for step in steps[1:]}
    for script in scripts.values():
        run(script, shell, **variables)
    (shell / "scores.json").rename(shell / "baseline.json")
    run(scripts["Gate"], shell, **variables)  # now with a baseline
    assert {"best.pt", "matrix.png", "ranking.html", "traversal.png"} <= {
        path.name for path in shell.iterdir()
    }

"""A plain ``pip install .`` into an empty environment gives a working ``dcr``."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_install_into_an_empty_environment(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    folder = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    install = [
        folder / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        ROOT / "constraints.txt",
        ROOT,
    ]
    subprocess.run(install, check=True, cwd=tmp_path)

    outside = {**os.environ, "PYTHONPATH": ""}

    def run(*command: str) -> str:
        ran = subprocess.run(
            [folder / command[0], *command[1:]],
            check=True, capture_output=True, text=True, cwd=tmp_path, env=outside,
        )  # fmt: skip
        return ran.stdout

    assert "traverse" in run("dcr", "--help")
    assert "dsprites" in run("dcr", "data", "list")
    # data files are part of the package
    probe = "import disentangle_cli, pathlib; print(pathlib.Path(disentangle_cli.__file__).parent)"
    package = Path(run("python", "-c", probe).strip())
    source = ROOT / "disentangle_cli"
    wanted = {str(p.relative_to(source)) for p in source.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    found = {str(p.relative_to(package)) for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert wanted == found

    run("python", str(ROOT / "examples" / "write_checkpoint.py"), "blobs.pt")
    assert run("dcr", "traverse", "blobs.pt", "--out", "t.html") == "t.html\n"

"""The README's commands and Python lines, run as they stand."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks

README = ROOT / "README.md"

# The same commands, cut short: seconds instead of minutes.
SHORTER = {
    "train": ["--iterations", "3", "--set", "batch_size=4", "--set", "log.images_every=0"],
    "centrality": ["--groups-per-code", "2", "--group-size", "4", "--scale-images", "50"],
    "score": [f"--set=data.{k}" for k in ("groups=10", "group_size=4", "reference=50", "rows=200")],
}


def commands() -> list[list[str]]:
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("dcr ")]


def run(command: list[str], folder: Path, shorter: bool) -> None:
    extra = SHORTER.get(command[1], []) if shorter else []
    expanded = [name for word in command[1:] for name in (sorted(map(str, folder.glob(word))) or [word])]
    done = subprocess.run(
        [sys.executable, "-m", "disentangle_cli", *expanded, *extra],
        cwd=folder, capture_output=True, text=True, env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stderr}"


def check(folder: Path, shorter: bool) -> None:
    (folder / "examples").symlink_to(ROOT / "examples")
    for command in commands():
        run(command, folder, shorter)
    assert {"best.pt", "matrix.png", "traversal.png", "samples.png"} <= {p.name for p in folder.iterdir()}
    (python,) = blocks(README, "python")
    first, second, *_ = sorted((folder / "ckpts").glob("*.pt"))
    python = python.replace("ckpts/a.pt", str(first)).replace("ckpts/b.pt", str(second))
    if shorter:
        counts = "groups_per_code=2, group_size=4, scale_images=50"
        python = python.replace("seed=0)", f"seed=0, {counts})")
    done = subprocess.run(
        [sys.executable, "-c", python], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {str(first), str(second)}


def test_there_are_commands_to_run() -> None:
    assert {command[1] for command in commands()} >= {"train", "centrality", "score", "traverse", "generate"}


@pytest.mark.usefixtures("with_dsprites")
def test_readme_cut_short(tmp_path: Path) -> None:
    check(tmp_path, shorter=True)


@pytest.mark.slow
@pytest.mark.usefixtures("with_dsprites")
def test_readme_as_it_stands(tmp_path: Path) -> None:
    check(tmp_path, shorter=False)

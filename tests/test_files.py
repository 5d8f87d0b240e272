"""Atomic writes: what is left when they fail."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from disentangle_cli.files import sweep

SAVE = """
import resource, signal, sys
import torch
from disentangle_cli.errors import RunError
from disentangle_cli.files import atomic

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # what a full disk does, for this process
try:
    with atomic(sys.argv[1]) as temporary, temporary.open("wb") as file:
        torch.save({"w": torch.zeros(1_000_000)}, file)
except RunError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file sizes")
def test_no_room_for_an_archive_of_torch(tmp_path: Path) -> None:
    target = tmp_path / "a.pt"
    target.write_text("earlier")
    command = [sys.executable, "-c", SAVE, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == f"cannot write {target}: File too large\n"
    assert target.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_one_name_or_of_many(tmp_path: Path) -> None:
    token = "0123456789ab"
    names = [f".a-{token}.png", f".a-1-{token}.png", f".b-{token}.png", ".a-1.png", "a-1.png"]
    for name in names:
        (tmp_path / name).touch()
    sweep(tmp_path / "a.png")
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
    sweep(tmp_path / "a-*.png", pattern=True)
    assert {path.name for path in tmp_path.iterdir()} == set(names[2:])

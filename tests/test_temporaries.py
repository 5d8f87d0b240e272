"""What a killed process leaves, and who removes it."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from disentangle_cli.files import write_atomic
from disentangle_cli.temporaries import scratch, sweep, temporary

NAME = ".dcr-0123456789ab"


def test_leftovers_go_and_what_is_held_or_called_otherwise_stays(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.png").touch()
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "0.png").touch()
    others = {".dcr-incomplete", ".dcr-0123456789a.png", f"{NAME}c.png", "a.png", f"x{NAME}.png"}
    for name in others:
        (tmp_path / name).touch()
    with temporary(tmp_path, ".pt") as (file, _), temporary(tmp_path, folder=True) as (folder, _):
        (folder / "a").touch()
        sweep(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == others | {file.name, folder.name}
    assert {path.name for path in tmp_path.iterdir()} == others


def test_a_link_of_that_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").touch()
    (tmp_path / NAME).symlink_to("mine")
    sweep(tmp_path)
    assert (tmp_path / "mine" / "a").exists()


def test_the_next_write_into_the_folder_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom disentangle_cli.files import atomic\n"
        "with atomic(sys.argv[1]) as temporary:\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.txt")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    write_atomic(tmp_path / "b.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_one_swept_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, made = fcntl.flock, []

    def late(held: int, how: int) -> None:
        if not made:
            made.append(next(tmp_path.iterdir()))
            made[0].unlink()
        flock(held, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with temporary(tmp_path) as (path, _):
        assert path.exists()
        assert path != made[0]


def test_without_locks_nothing_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(held: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", none)
    (tmp_path / NAME).touch()
    write_atomic(tmp_path / "a", "x")
    assert {path.name for path in tmp_path.iterdir()} == {NAME, "a"}


def test_scratch_folders_are_private_and_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / NAME).mkdir()
    with scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert os.listdir(tmp_path) == [folder.name]
    assert not os.listdir(tmp_path)

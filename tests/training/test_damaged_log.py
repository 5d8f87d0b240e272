"""A log.csv that somebody or something has damaged never stops a run that goes on."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from disentangle_cli import output
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import Interrupted
from tests.training.conftest import train
from tests.training.test_train_autoencoders import request


@pytest.fixture(scope="module")
def runs(dots: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is whole, and one that was stopped after three iterations."""
    folder = tmp_path_factory.mktemp("runs")
    train(request("vae", dots, folder, name="whole"))
    for _ in range(3):
        with pytest.raises(Interrupted):
            train(request("vae", dots, folder, name="cut", deadline=0.0, resume=True))
    return folder


@pytest.fixture
def log(runs: Path, tmp_path: Path) -> Path:
    """The log of the stopped run, in the test's own folder."""
    return shutil.copytree(runs / "cut", tmp_path / "cut") / "log.csv"


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    ("empty", lambda path: path.write_bytes(b"")),
    ("binary", lambda path: path.write_bytes(os.urandom(300))),
    ("not a number", lambda path: path.write_text(path.read_text().replace("\n1,", "\n\u00b2,"))),
    ("digits of another script", lambda path: path.write_text(path.read_text().replace("\n1,", "\n\u0661,"))),
    ("a field too many", lambda path: path.write_text(path.read_text().replace("\n1,", "\n1,2,"))),
    ("not finite", lambda path: path.write_text(path.read_text().replace("\n1,", "\n1,nan,", 1))),
    ("out of order", lambda path: path.write_text(path.read_text().replace("\n1,", "\n7,"))),
    (
        "a name twice",
        lambda path: path.write_text(path.read_text().replace("iteration,", "iteration,iteration,")),
    ),
    ("no iteration", lambda path: path.write_text(path.read_text().replace("iteration", "step"))),
    ("an open quote", lambda path: path.write_text(path.read_text() + '3,"')),
    ("utf-16", lambda path: path.write_text(path.read_text(), "utf-16")),
    ("a folder", lambda path: (path.unlink(), path.mkdir())),
    ("a pipe", lambda path: (path.unlink(), os.mkfifo(path))),
    ("a device", lambda path: (path.unlink(), path.symlink_to("/dev/zero"))),
]


@pytest.mark.parametrize("damage", [d for _, d in DAMAGE], ids=[name for name, _ in DAMAGE])
def test_a_damaged_log_is_set_aside(
    dots: str,
    runs: Path,
    log: Path,
    damage: Callable[[Path], object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(log)
    kept = log.read_bytes() if log.is_file() else None
    output.configure(quiet=False)
    try:
        done = train(request("vae", dots, log.parents[1], name="cut", resume=True))
    finally:
        output.configure(quiet=True)
    whole = load_checkpoint(runs / "whole.pt")
    assert load_checkpoint(done).content_hash() == whole.content_hash()
    header, *rows = log.read_text().splitlines()
    assert header.startswith("iteration,")
    assert [row.split(",")[0] for row in rows] == [str(k) for k in range(3, 12)]
    aside = log.with_name("log-damaged.csv")
    assert os.path.lexists(aside)
    assert kept is None or aside.read_bytes() == kept
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert "log.csv" in warning
    assert "kept as log-damaged.csv" in warning


def test_a_row_that_was_cut_short_is_no_damage(dots: str, log: Path) -> None:
    before = log.read_text().splitlines()[:4]
    with log.open("a") as file:
        file.write("3,0.12")
    train(request("vae", dots, log.parents[1], name="cut", resume=True))
    rows = log.read_text().splitlines()
    assert rows[:4] == before
    assert [row.split(",")[0] for row in rows[1:]] == [str(k) for k in range(12)]
    assert not log.with_name("log-damaged.csv").exists()


def test_each_damaged_log_is_kept(dots: str, log: Path) -> None:
    for number in range(2):
        log.write_text(f"damage {number}")
        with pytest.raises(Interrupted):
            train(request("vae", dots, log.parents[1], name="cut", deadline=0.0, resume=True))
    names = ["log-damaged.csv", "log-damaged-2.csv"]
    assert [log.with_name(name).read_text() for name in names] == ["damage 0", "damage 1"]

"""The seam of loggers: what they are given, what their failures cost, that a run stays the same one."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import Result

from disentangle_cli.training import loggers
from disentangle_cli.training.loggers import LOGGERS, Logger, Loggers, Start
from disentangle_cli.training.loop import Loop
from tests.training.conftest import tiny

Cli = Callable[..., Result]
STEM = "vae_squares_seed-0"


class Fake(Logger):
    """Keeps what it is given; ``fails`` names the method that raises."""

    title = "Fake"
    runs: ClassVar[dict[str, list[Any]]] = {}
    fails = ""

    @staticmethod
    def need() -> None:
        return

    def __init__(self, start: Start) -> None:
        self.may("init")
        self.name = start.known("fake") or f"run-{len(self.runs)}"
        start.remember("fake", self.name)
        self.runs.setdefault(self.name, []).append(("settings", start.settings["model"], start.iteration))

    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        self.may("write")
        self.runs[self.name].append((iteration, dict(scalars)))

    def close(self, complete: bool) -> None:
        self.may("close")
        self.runs[self.name].append(("closed", complete))

    def may(self, method: str) -> None:
        if method == self.fails:
            raise ZeroDivisionError(f"no {method}\ntoday")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[Fake]:
    monkeypatch.setitem(LOGGERS._entries, "fake", Fake)
    monkeypatch.setattr(Fake, "runs", {})
    return Fake


@pytest.fixture
def train(cli: Cli, squares: Path, tmp_path: Path) -> Callable[..., Result]:
    def run(*more: str) -> Result:
        words = [
            "train",
            "--model",
            "vae",
            "--dataset",
            squares,
            "--preset",
            "demo",
            "--out",
            tmp_path / "out",
        ]
        return cli(*words, *tiny("vae", "--set", "log.score_every=0", *more))

    return run


def test_a_logger_is_given_the_rows_of_the_log(train: Callable[..., Result], fake: type[Fake]) -> None:
    done = train("--set", "log.loggers=[fake]", "--iterations", "5")
    assert done.exit_code == 0, done.stderr
    ((name, told),) = fake.runs.items()
    assert (name, told[0]) == ("run-0", ("settings", "vae", 0))
    assert [row[0] for row in told[1:-1]] == [1, 3, 4]
    assert all(row[1]["loss"] > 0 for row in told[1:-1])
    assert told[-1] == ("closed", True)


@pytest.mark.parametrize("method", ["init", "write", "close"])
def test_a_logger_that_fails_costs_one_warning(
    train: Callable[..., Result],
    fake: type[Fake],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(fake, "fails", method)
    done = train("--set", "log.loggers=[fake]", "--iterations", "5")
    assert done.exit_code == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "warning" in line]
    folder = tmp_path / "out" / STEM
    assert warnings == [f"warning: {folder}: no more events for Fake (no {method} today)"]
    assert (tmp_path / "out" / f"{STEM}.pt").is_file()


def test_a_run_that_goes_on_is_the_same_run(
    train: Callable[..., Result], fake: type[Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ("--set", "log.loggers=[fake]", "--iterations", "6")
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "must_stop", lambda loop: "stopped" if loop.sessions[0].first < 3 else None)
        for _ in range(3):
            assert train(*more, "--resume").exit_code == 130
    assert train(*more, "--resume").exit_code == 0
    ((name, told),) = fake.runs.items()
    assert name == "run-0"
    assert [entry[2] for entry in told if entry[0] == "settings"] == [0, 1, 2, 3]
    assert [entry[1] for entry in told if entry[0] == "closed"] == [False, False, False, True]
    assert [entry[0] for entry in told if isinstance(entry[0], int)] == [1, 3, 5]
    assert train(*more, "--overwrite").exit_code == 0  # another run, with another name
    assert list(fake.runs) == ["run-0", "run-1"]


def test_the_default_is_tensorboard_where_it_is_installed(
    train: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / STEM

    def events() -> bool:
        return any(folder.glob("events.out.tfevents.*"))

    pytest.importorskip("tensorboard")
    assert train("--iterations", "2").exit_code == 0
    assert events()
    for more in (["--logger", "none"], ["--set", "log.loggers=[]"]):
        assert train("--iterations", "2", "--overwrite", *more).exit_code == 0
        assert not events()
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    done = train("--iterations", "2", "--overwrite")
    assert (done.exit_code, "warning" in done.stderr, events()) == (0, False, False)


@pytest.mark.parametrize(("name", "module"), [("wandb", "wandb"), ("mlflow", "mlflow"), ("tensorboard",) * 2])
def test_a_missing_extra_is_named_before_the_work(
    train: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, name: str, module: str, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for more in ([], ["--dry-run"]):
        done = train("--logger", name, *more)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f'pip install "disentangle-cli[{name}]"' in done.stderr
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").glob("*.pt"))


def test_unknown_loggers_are_refused(train: Callable[..., Result]) -> None:
    done = train("--logger", "tensorbord")
    assert done.exit_code == 2
    assert "tensorboard" in done.stderr
    assert "none stands alone" in train("--logger", "none,wandb").stderr


def test_names_are_kept_side_by_side(tmp_path: Path) -> None:
    start = Start(tmp_path, "x", {}, 0)
    start.remember("a", "1")
    start.remember("b", "2")
    assert json.loads((tmp_path / loggers.IDS).read_text()) == {"a": "1", "b": "2"}
    assert start.known("a") is None  # a new run is not what stands there
    later = Start(tmp_path, "x", {}, 7)
    assert (later.known("a"), later.known("c")) == ("1", None)
    (tmp_path / loggers.IDS).write_text("no json")
    opened = Loggers([], later)  # damaged names cost the loggers that want them, not the run
    opened.close(True)

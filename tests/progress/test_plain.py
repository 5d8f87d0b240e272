import itertools
import time
from collections.abc import Iterator

import pytest

from disentangle_cli import output
from disentangle_cli.progress import Lines, Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that progress displays see; its only element may be changed."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def _plain(clock: list[float]) -> Iterator[None]:
    """Nothing was said yet."""
    with output.shown_by(Lines()):
        output.configure(quiet=False)
        yield
        output.configure(quiet=True)


def test_progress_on_a_pipe_is_sparse(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=100, desc="training", unit="it") as bar:
        for _ in range(45):
            clock[0] += 1
            bar.tell("score 0.8", "loss 0.5")
            bar.update()
    assert capsys.readouterr().err.splitlines() == [
        "training: 10/100 (10%) it, 1 it/s, 1m30s left, score 0.8, loss 0.5",
        "training: 40/100 (40%) it, 1 it/s, 1m00s left, score 0.8, loss 0.5",
    ]


def test_counts_are_written_out(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=1_100_000, desc="encoding", unit="img") as bar:
        clock[0] += 100
        bar.update(251_500)
    assert capsys.readouterr().err == "encoding: 251,500/1,100,000 (23%) img, 2,515 img/s, 5m37s left\n"


@pytest.mark.parametrize("runs", [1, 2, 5, 40])
def test_runs_side_by_side_take_turns(
    capsys: pytest.CaptureFixture[str], clock: list[float], runs: int
) -> None:
    """Of each run a line every 30 s at most, no two lines within 10 s, and nobody is forgotten."""
    said: list[tuple[float, str]] = []
    with output.progress(total=runs, desc="pool", unit="runs", gathers=True):
        bars = [Progress(total=1000, desc=f"run {i}") for i in range(runs)]
        for _ in range(1000):
            clock[0] += 1
            for bar in bars:
                bar.update()
                said += [(clock[0], line.split(":")[0]) for line in capsys.readouterr().err.splitlines()]
        for bar in bars:
            bar.close()
    times = [when for when, _ in said]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 10
    for name in ("pool", *(f"run {i}" for i in range(runs))):
        own = [when for when, who in said if who == name]
        gaps = [b - a for a, b in itertools.pairwise(own)]
        assert min(gaps) >= 30
        assert max(gaps) <= max(40, 10 * (runs + 2))

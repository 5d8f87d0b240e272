import threading
import time

import pytest

from disentangle_cli import output
from disentangle_cli.progress import SILENT, Mirror, Phase, Progress, Seen, show_on


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that progress displays see; its only element may be changed."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def opened(self, bar: Progress) -> None:
        self.events.append(("opened", bar.desc))

    def moved(self, bar: Progress) -> None:
        self.events.append(("moved", bar.counted))

    def closed(self, bar: Progress) -> None:
        self.events.append(("closed", bar.desc))

    def write(self, line: str, indent: int = 0) -> None:
        self.events.append(("write", line))


def test_progress_iterates_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(output.progress([1, 2, 3], desc="x")) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(TypeError, match="iterate"):
        list(output.progress(total=3, desc="x"))


def test_a_display_hears_of_every_bar_and_message() -> None:
    recorder = Recorder()
    show_on(recorder)
    try:
        with output.progress(total=2, desc="two\nlines") as bar:
            bar.update()
            output.log("said")
        for _ in output.progress("a", desc="inner", unit="letters"):
            pass
    finally:
        show_on(SILENT)
    assert recorder.events == [
        ("opened", "two lines"), ("moved", "1/2 (50%) it"), ("write", "said"), ("closed", "two lines"),
        ("opened", "inner"), ("moved", "1/1 (100%) letters"), ("closed", "inner"),
    ]  # fmt: skip


def test_a_bar_knows_how_long_each_phase_takes(clock: list[float]) -> None:
    with Progress(total=100, desc="x", phases=[Phase(0, 1.0), Phase(50, 3.0)]) as bar:
        assert bar.left is None
        clock[0] += 10
        bar.update(10)
        assert bar.left == pytest.approx(40 + 50 * 3)
        assert bar.fraction == pytest.approx(10 / 200)
        clock[0] += 5
        assert bar.left == pytest.approx(40 + 50 * 3 - 5)  # the clock goes on between two iterations


def test_a_pool_ends_with_its_last_run(clock: list[float]) -> None:
    with Progress(total=4, desc="pool", gathers=True) as pool:
        runs = [Progress(total=10, desc=f"run {i}") for i in range(2)]
        clock[0] += 5
        for run in runs:
            run.update(5)
        assert pool.fraction == pytest.approx(1 / 4)
        assert pool.left == pytest.approx(5 + 10)  # two more begin when these have ended
        clock[0] += 5
        for run in runs:
            run.update(5)
            run.close()
            pool.update()
        assert not pool.parts
        third = Progress(total=10, desc="run 2")
        clock[0] += 1
        third.update(1)
        assert pool.left == pytest.approx(9 + 10)
        third.close()


def test_what_another_thread_does_is_no_part_of_a_pool(clock: list[float]) -> None:
    def work() -> None:
        with Progress(total=2, desc="pictures") as bar:
            bar.update()
            seen.append(list(pool.parts))

    seen: list[list[Progress]] = []
    with Progress(total=4, desc="pool", gathers=True) as pool:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [[]]


def test_a_stack_of_seeds_is_worth_so_many_runs(clock: list[float]) -> None:
    with Progress(total=10, desc="pool", gathers=True) as pool:
        stack = Progress(total=10, desc="5 seeds", worth=5)
        clock[0] += 2
        stack.update(2)
        assert pool.fraction == pytest.approx(0.1)
        assert pool.left == pytest.approx(8 + 10)
        stack.close()


def test_a_mirror_shows_what_it_is_told(clock: list[float]) -> None:
    recorder = Recorder()
    show_on(recorder)
    try:
        mirror = Mirror()
        for count in (0, 3):
            clock[0] += 1
            mirror.show(Seen("run", "it", 10, 0, count, ("score 0.5",), (), 1))
        mirror.show(None)
        mirror.show(None)
    finally:
        show_on(SILENT)
    assert recorder.events == [("opened", "run"), ("moved", "3/10 (30%) it"), ("closed", "run")]

"""What tasks tell while they run."""

from pathlib import Path

import pytest

from disentangle_cli.executors import Control, run_tasks
from disentangle_cli.progress import SILENT, Progress, show_on
from disentangle_cli.tasks import teller
from disentangle_cli.tasks.teller import Teller, Told
from tests.tasks.work import Job, steps


def test_the_outermost_bar_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "TELL_SECONDS", 0.0)
    told: list[Told] = []
    one = Teller(told.append)
    show_on(one)
    try:
        with Progress(total=3, desc="outer") as bar:
            list(Progress([1, 2], desc="inner"))
            bar.update()
        one.advance(5)
        one.finish()
    finally:
        show_on(SILENT)
    assert [(message.bar and message.bar.desc, message.bar and message.bar.count) for message in told] == [
        ("outer", 0), ("outer", 1), (None, None), (None, None),
    ]  # fmt: skip
    assert [message.advanced for message in told] == [0, 0, 5, 0]


def test_messages_are_seldom() -> None:
    told: list[Told] = []
    one = Teller(told.append)
    for _ in range(10_000):
        one.advance(1)
    one.finish()
    assert len(told) < 20
    assert sum(message.advanced for message in told) == 10_000


class Watching:
    """Keeps how far each bar was seen to be."""

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = {}
        self.open: set[str] = set()

    def opened(self, bar: Progress) -> None:
        self.seen.setdefault(bar.desc, [])
        self.open.add(bar.desc)

    def moved(self, bar: Progress) -> None:
        self.seen[bar.desc].append(bar.count)

    def closed(self, bar: Progress) -> None:
        self.open.remove(bar.desc)

    def write(self, line: str, indent: int = 0) -> None:
        pass


def test_tasks_of_other_processes_are_seen_while_they_run(tmp_path: Path) -> None:
    watching, heard = Watching(), []
    show_on(watching)
    try:
        tasks = [Job(number, tmp_path, seconds=1.5) for number in range(2)]
        list(run_tasks(steps, tasks, jobs=2, control=Control(advance=heard.append)))
    finally:
        show_on(SILENT)
    assert set(watching.seen) == {"job 0", "job 1"}
    assert all(0 < counts[0] < 15 for counts in watching.seen.values())
    assert not watching.open
    assert sum(heard) == 30
    assert len(heard) > 2  # not all at the end

"""An executor over futures: here threads stand for a cluster whose workers see this machine's files."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from disentangle_cli import output
from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.executors import EXECUTORS, Control, FuturesExecutor, LostTasks, ends_of, run_tasks
from disentangle_cli.tasks import control as control_module
from disentangle_cli.tasks.ended import Done
from tests.tasks.work import Job, attempts, refuse, square, until_stopped, warn


class WorkerDiedError(Exception):
    """What the cluster says of a task whose workers died."""


class Threads(FuturesExecutor):
    """Two places by itself."""

    def __init__(self, address: str | None, jobs: int | None) -> None:
        super().__init__(jobs, lost=(WorkerDiedError,))
        self.pool = ThreadPoolExecutor(8)

    def slots(self) -> int:
        return 2

    def send(self, *call: Any) -> Future[Any]:
        return self.pool.submit(*call)

    def cancel(self, futures: list[Any]) -> None:
        for future in futures:
            future.cancel()


class Fatal(Threads):
    """Job 1 kills its workers; the scheduler is gone when job 7 comes."""

    def send(self, *call: Any) -> Future[Any]:
        errors = {1: WorkerDiedError(), 7: OSError("gone\nfor good")}
        future: Future[Any] = Future()
        if (error := errors.get(call[2].number)) is None:
            return super().send(*call)
        future.set_exception(error)
        return future


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS._entries, "threads", Threads)
    monkeypatch.setattr(control_module, "LOOK_SECONDS", 0.01)


def test_all_tasks_as_they_end(tmp_path: Path) -> None:
    tasks = [Job(0, tmp_path, seconds=0.5), *[Job(number, tmp_path) for number in range(1, 5)]]
    ended = list(run_tasks(square, tasks, executor="threads"))
    assert ended[-1] == (0, 0)
    assert sorted(ended) == [(k, k * k) for k in range(5)]


def test_no_more_at_once_than_the_cluster_takes(tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, seconds=0.3) for number in range(6)]
    results = run_tasks(square, tasks, executor="threads")
    next(results)
    assert sum(map(attempts, tasks)) <= 4  # two that were first, and at most one after each
    assert len(list(results)) == 5


def test_errors_and_warnings_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"^job 1 is refused$"):
        list(run_tasks(refuse, [Job(number, tmp_path) for number in range(3)], executor="threads"))
    output.configure(quiet=False)
    try:
        list(run_tasks(warn, [Job(3, tmp_path)], executor="threads"))
    finally:
        output.configure(quiet=True)
    assert capsys.readouterr().err == "warning: job 3 is odd\n"


def test_lost_tasks_and_a_lost_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS._entries, "threads", Fatal)
    ended: list[Any] = []
    with pytest.raises(LostTasks, match=r"^job 1: its workers died \(WorkerDiedError; killed"):
        ended.extend(run_tasks(square, [Job(number, tmp_path) for number in range(3)], executor="threads"))
    assert sorted(ended) == [(0, 0), (2, 4)]
    with pytest.raises(RunError, match=r"^the cluster did not carry out a task: OSError: gone for good$"):
        list(run_tasks(square, [Job(7, tmp_path)], executor="threads"))


def test_the_marker_goes_when_tasks_are_to_stop(tmp_path: Path) -> None:
    marker = tmp_path / ".marker"
    marker.touch()
    control = Control(marker=marker)
    tasks = [Job(number, tmp_path) for number in range(5)]

    def stop() -> None:
        while sum(map(attempts, tasks)) < 2:
            time.sleep(0.02)
        control.stop.append("SIGINT")

    threading.Thread(target=stop).start()
    ends = dict(ends_of(until_stopped, tasks, executor="threads", control=control))
    assert ends.keys() == {0, 1}
    assert all(isinstance(end, Done) and end.result == "the end of the pool" for end in ends.values())
    assert not marker.exists()

"""Tasks that are told to stop: by a signal in processes of this machine, by a marker on a cluster."""

import itertools
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from disentangle_cli.executors import Control, ends_of
from disentangle_cli.tasks import control as control_module
from disentangle_cli.tasks.control import watched
from disentangle_cli.tasks.ended import Done, Lost
from tests.tasks.work import Job, attempts, square, until_stopped


@pytest.mark.parametrize(("jobs", "reason"), [(1, "SIGINT"), (2, "SIGTERM")])
def test_those_under_way_save_and_the_others_never_begin(tmp_path: Path, jobs: int, reason: str) -> None:
    tasks = [Job(number, tmp_path) for number in range(5)]
    control = Control()

    def stop() -> None:
        while sum(map(attempts, tasks)) < jobs:
            time.sleep(0.05)
        control.stop.append("SIGINT")

    thread = threading.Thread(target=stop)
    thread.start()
    ends = dict(ends_of(until_stopped, tasks, jobs=jobs, control=control, repeat=False))
    thread.join()
    assert ends.keys() == set(range(jobs))
    assert all(isinstance(ended, Done) and ended.result == reason for ended in ends.values())
    assert sum(map(attempts, tasks)) == jobs


def test_the_workers_that_were_told_are_not_used_again(tmp_path: Path) -> None:
    first = [Job(number, tmp_path) for number in range(2)]
    control = Control()
    threading.Timer(0.5, control.stop.append, ["SIGINT"]).start()
    list(ends_of(until_stopped, first, jobs=2, control=control, repeat=False))
    ends = dict(ends_of(square, [Job(number, tmp_path) for number in range(2, 4)], jobs=2))
    assert {index: ended.result for index, ended in ends.items() if isinstance(ended, Done)} == {0: 4, 1: 9}


def test_a_task_lost_for_good_is_a_value_at_once(tmp_path: Path) -> None:
    tasks = [Job(0, tmp_path, kills=1), Job(1, tmp_path, seconds=1.0), Job(2, tmp_path)]
    ends = list(ends_of(square, tasks, jobs=2, repeat=False))
    assert ends[0] == (0, Lost("its process died (killed, or out of memory)", -signal.SIGKILL))
    assert {index for index, _ in ends} == {0, 1, 2}
    assert attempts(tasks[0]) == 1


def test_lost_tasks_are_not_repeated_after_a_stop(tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, kills=9 * (number == 0), seconds=0.5) for number in range(2)]
    control = Control()
    threading.Timer(0.2, control.stop.append, ["SIGINT"]).start()
    ends = dict(ends_of(square, tasks, jobs=2, control=control))
    assert isinstance(ends[0], Lost)
    assert isinstance(ends[1], Done)
    assert attempts(tasks[0]) == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_is_told_in_this_process_and_from_others(tmp_path: Path, jobs: int) -> None:
    told: list[int] = []
    tasks = [Job(number, tmp_path) for number in range(1, 4)]
    ends = ends_of(advancing, tasks, jobs=jobs, control=Control(advance=told.append))
    sums = list(itertools.accumulate(told if next(ends) else []))
    list(ends)
    assert sums
    assert sum(told) == 2 * (1 + 2 + 3)


def advancing(job: Job, control: Control) -> int:
    for _ in range(2):
        control.advance(job.number)
    return os.getpid()


def test_a_marker_that_goes_stops_its_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "LOOK_SECONDS", 0.01)
    marker = tmp_path / "marker"
    with watched(marker) as stop:
        assert stop == ["the end of the pool"]
    marker.touch()
    with watched(marker) as stop:
        time.sleep(0.1)
        assert not stop
        marker.unlink()
        deadline = time.monotonic() + 10
        while not stop:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    with watched(None) as stop:
        assert not stop

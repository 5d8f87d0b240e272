import time

import pytest

from disentangle_cli.errors import RunError
from disentangle_cli.executors import Control
from disentangle_cli.tasks.ordered import AHEAD, in_order


def squared(task: int, control: Control) -> int:
    time.sleep(0.02 * (task % 3 == 0))
    if task == 1000:
        raise RunError("a thousand")
    return task * task


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    tasks = list(range(2 * AHEAD + 5))
    assert list(in_order(squared, tasks, jobs=jobs)) == [task * task for task in tasks]


def test_tasks_are_taken_when_they_are_needed() -> None:
    taken = []
    results = in_order(squared, (taken.append(k) or k for k in range(5 * AHEAD)), jobs=1)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(taken) == AHEAD


def test_no_tasks_and_errors() -> None:
    assert list(in_order(squared, [])) == []
    with pytest.raises(RunError, match="a thousand"):
        list(in_order(squared, [3, 1000], jobs=1))

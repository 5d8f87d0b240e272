"""A real Dask cluster and a real Ray of two workers each, whose processes are killed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.executors import LostTasks, run_tasks
from tests.tasks.work import Job, attempts, crash, pid, refuse, square

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["dask", "ray"])
def executor(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a cluster; its workers find these tests."""
    pytest.importorskip("distributed" if request.param == "dask" else "ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield request.param


def test_same_results_as_here_from_two_other_processes(executor: str, tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, seconds=0.3) for number in range(6)]
    here = sorted(run_tasks(square, tasks))
    assert sorted(run_tasks(square, tasks, executor=executor, jobs=2)) == here
    processes = {result for _, result in run_tasks(pid, tasks, executor=executor, jobs=2)}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_no_task_waits_behind_a_long_one(executor: str, tmp_path: Path) -> None:
    tasks = [Job(0, tmp_path, seconds=4.0), *[Job(number, tmp_path, seconds=0.2) for number in range(1, 6)]]
    order = [index for index, _ in run_tasks(square, tasks, executor=executor, jobs=2)]
    assert order[-1] == 0


def test_a_killed_worker_costs_one_task(executor: str, tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, seconds=0.2, kills=int(number == 2)) for number in range(6)]
    assert sorted(run_tasks(square, tasks, executor=executor, jobs=2)) == [(k, k * k) for k in range(6)]
    assert attempts(tasks[2]) == 2
    assert (
        sum(attempts(task) for task in tasks) <= 6 + 2
    )  # Dask may lose a result that it had not fetched yet


def test_a_task_that_kills_every_worker_is_named_and_costs_no_other(executor: str, tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, kills=99 * (number == 1)) for number in range(4)]
    ended = []
    with pytest.raises(LostTasks, match=r"^job 1: its workers died") as caught:
        ended.extend(run_tasks(square, tasks, executor=executor, jobs=2))
    assert list(caught.value.lost) == [1]
    assert sorted(ended) == [(0, 0), (2, 4), (3, 9)]


def test_errors_keep_their_kind(executor: str, tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path) for number in range(4)]
    with pytest.raises(UsageError, match=r"^job 1 is refused$"):
        list(run_tasks(refuse, tasks, executor=executor, jobs=2))
    with pytest.raises(RunError, match=r"^job \d: internal error: ZeroDivisionError"):
        list(run_tasks(crash, tasks, executor=executor, jobs=2))


def test_a_caller_may_stop_early(executor: str, tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, seconds=0.2) for number in range(100)]
    results = run_tasks(square, tasks, executor=executor, jobs=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    time.sleep(1)
    begun = sum(attempts(task) for task in tasks)
    time.sleep(1)
    assert sum(attempts(task) for task in tasks) == begun < 100


def test_a_wrong_address_is_one_line(executor: str) -> None:
    with pytest.raises(
        UsageError, match=f"^--executor {executor}=127.0.0.1:9: no .* answers there"
    ) as caught:
        list(run_tasks(divmod, [1], executor=f"{executor}=127.0.0.1:9"))
    assert "\n" not in str(caught.value)


def test_a_dask_cluster_by_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    tasks = [Job(number, tmp_path) for number in range(4)]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        results = sorted(run_tasks(square, tasks, executor=f"dask={cluster.scheduler_address}"))
    assert results == [(k, k * k) for k in range(4)]

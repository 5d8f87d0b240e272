"""Tasks in processes of this machine: results, errors, dead processes, interruption."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from disentangle_cli import output
from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.executors import LostTasks, local, run_tasks
from tests.tasks.work import Job, attempts, crash, pid, refuse, square, warn


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_once_whatever_the_order(tmp_path: Path, jobs: int) -> None:
    tasks = [Job(number, tmp_path) for number in range(7)]
    assert sorted(run_tasks(square, tasks, jobs=jobs)) == [(k, k * k) for k in range(7)]
    assert [attempts(task) for task in tasks] == [1] * 7


def test_no_task_no_result() -> None:
    assert list(run_tasks(square, [])) == []


def test_results_come_as_they_end(tmp_path: Path) -> None:
    tasks = [Job(0, tmp_path, seconds=1.0), *[Job(number, tmp_path) for number in range(1, 5)]]
    order = [index for index, _ in run_tasks(square, tasks, jobs=2)]
    assert order[-1] == 0
    assert sorted(order) == [0, 1, 2, 3, 4]


def test_two_at_once_are_two_processes_and_one_at_once_is_this_one(tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, seconds=0.2) for number in range(4)]
    assert {result for _, result in run_tasks(pid, tasks, jobs=1)} == {os.getpid()}
    others = {result for _, result in run_tasks(pid, tasks, jobs=2)}
    assert len(others) == 2
    assert os.getpid() not in others


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_keep_their_kind(tmp_path: Path, jobs: int) -> None:
    tasks = [Job(number, tmp_path) for number in range(4)]
    with pytest.raises(UsageError, match=r"^job 1 is refused$"):
        list(run_tasks(refuse, tasks, jobs=jobs))
    with pytest.raises(RunError, match=r"^job \d: internal error: ZeroDivisionError") as caught:
        list(run_tasks(crash, tasks, jobs=jobs))
    assert any("in crash" in note for note in caught.value.__notes__)  # what --debug shows


def test_warnings_of_workers_are_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output.configure(quiet=False)
    try:
        list(run_tasks(warn, [Job(number, tmp_path) for number in range(2)], jobs=2))
    finally:
        output.configure(quiet=True)
    assert sorted(capsys.readouterr().err.splitlines()) == ["warning: job 0 is odd", "warning: job 1 is odd"]


def test_a_task_whose_process_is_killed_is_carried_out_again(tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, kills=int(number == 2)) for number in range(6)]
    assert sorted(run_tasks(square, tasks, jobs=2)) == [(k, k * k) for k in range(6)]
    assert attempts(tasks[2]) == 2
    assert sum(attempts(task) for task in tasks) <= 6 + 2  # itself, and at most the one beside it


def test_a_task_that_kills_every_process_is_named_and_costs_no_other(tmp_path: Path) -> None:
    tasks = [Job(number, tmp_path, kills=99 * (number == 2)) for number in range(6)]
    ended = []
    with pytest.raises(LostTasks, match=r"^job 2: its process died") as caught:
        ended.extend(run_tasks(square, tasks, jobs=2))
    assert list(caught.value.lost) == [2]
    assert sorted(ended) == [(k, k * k) for k in range(6) if k != 2]
    assert attempts(tasks[2]) <= 3


def test_a_caller_may_stop_early(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    tasks = [Job(number, tmp_path, seconds=0.1) for number in range(40)]
    results = run_tasks(square, tasks, jobs=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    begun = sum(attempts(task) for task in tasks)
    time.sleep(0.5)
    assert sum(attempts(task) for task in tasks) == begun < 40
    assert not [w for w in recwarn if "joblib" in str(w.filename)]


def test_ctrl_c_ends_the_workers(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from disentangle_cli.executors import run_tasks\n"
        "from tests.tasks.work import Job, square\n"
        f"list(run_tasks(square, [Job(k, Path({str(tmp_path)!r}), seconds=60) for k in range(4)], jobs=2))\n"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", script], cwd=root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(names := sorted(path.name for path in tmp_path.iterdir())) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) != 0
    workers = [int(name.split("-")[2]) for name in names]
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_script_is_not_run_again_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from disentangle_cli.executors import run_tasks\n"
        "def double(task, control):\n"
        "    return 2 * task\n"
        "print(sorted(run_tasks(double, [1, 2, 3], jobs=2)))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        timeout=120, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[(0, 2), (1, 4), (2, 6)]\n", "")


def test_workers_do_not_import_what_lies_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "idle", [])  # new ones, in this folder
    assert sorted(run_tasks(square, [Job(k, tmp_path) for k in range(2)], jobs=2)) == [(0, 0), (1, 1)]

"""What --executor takes, and what is said when it cannot be had."""

import sys
from collections.abc import Callable

import pytest
from typer.testing import Result

from disentangle_cli.errors import UsageError
from disentangle_cli.executors import EXECUTORS, run_tasks, split_spec, tasks_at_once


def test_specs() -> None:
    assert split_spec("local") == ("local", None)
    assert split_spec("dask") == ("dask", None)
    assert split_spec("dask=tcp://head:8786") == ("dask", "tcp://head:8786")
    assert split_spec("ray=ray://head:10001") == ("ray", "ray://head:10001")


def test_tasks_at_once() -> None:
    assert tasks_at_once(None, "local") == 1
    assert tasks_at_once(3, "local") == 3
    assert tasks_at_once(None, "dask=tcp://head:8786") is None
    assert tasks_at_once(1, "ray") == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("slurm", "--executor slurm: choose one of: dask, local, ray"),
        ("", "choose one of"),
        ("local=here", "--executor local=here: write local, dask"),
        ("dask=", "--executor dask=: write local, dask"),
    ],
)
def test_refused_specs(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(run_tasks(divmod, [1], executor=spec))


@pytest.mark.parametrize(("executor", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, executor: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf'pip install "disentangle-cli\[{executor}\]"'):
        list(run_tasks(divmod, [1], executor=executor))


def test_the_registry_knows_the_executors_by_their_files() -> None:
    assert EXECUTORS.names() == ["dask", "local", "ray"]


@pytest.mark.parametrize("gpus", ["many", "-1", "inf"])
def test_gpus_of_a_task_are_a_number(monkeypatch: pytest.MonkeyPatch, gpus: str) -> None:
    from disentangle_cli.tasks.executor import task_gpus

    monkeypatch.setenv("DCR_TASK_GPUS", gpus)
    with pytest.raises(UsageError, match=f"DCR_TASK_GPUS={gpus}: write a number"):
        task_gpus()


@pytest.mark.parametrize(("executor", "package"), [("dask", "distributed"), ("ray", "ray")])
@pytest.mark.parametrize(
    "command",
    [
        ["train", "--model", "vae", "--dataset", "toy", "--dry-run"],
        ["train", "--model", "vae", "--print-config"],
        ["score", "codes.npz", "--dataset", "toy"],
    ],
)
def test_a_missing_extra_is_named_before_the_work(
    cli: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    executor: str,
    package: str,
    command: list[str],
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = cli(*command, "--executor", executor)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f'pip install "disentangle-cli[{executor}]"' in result.stderr

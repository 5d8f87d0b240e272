"""What an executor is, how it is called on the command line, and how much it may use."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import choose_one
from disentangle_cli.numerals import read_number
from disentangle_cli.registry import Registry
from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ended import Ended, Function


class Executor(Protocol):
    """Starts tasks and says how they ended: when they start and what is repeated, ``tasks.run`` decides.

    One serves one call of :func:`~disentangle_cli.tasks.run.ends_of`.
    """

    def __init__(self, address: str | None, jobs: int | None) -> None:
        """With the address and the number of tasks at once, if given."""

    @staticmethod
    def check() -> None:
        """Raise UsageError where a library that it needs is not installed; nothing is started."""

    def places(self, count: int) -> int:
        """How many of ``count`` tasks to have under way at once. Asked before they are started."""

    def start(self, key: int, function: Function, task: Any, control: Control) -> None:
        """Have ``function(task, control)`` carried out; ``control`` is what the task gets in this process."""

    def ended(self, seconds: float) -> Sequence[tuple[int, Ended]]:
        """Keys and ends of tasks under way that have ended; none after waiting for some ``seconds``."""

    def stop(self) -> None:
        """Make the tasks under way save and end."""

    def abandon(self) -> None:
        """Give up the tasks under way."""


EXECUTORS: Registry[type[Executor]] = Registry("disentangle_cli.executors", "executor")


def check_executor(executor: str) -> None:
    """Refuse an executor that there is not, or that lacks its library here; nothing is started.

    Raises:
        UsageError: as :func:`split_spec`, or what to install.
    """
    name, _ = split_spec(executor)
    EXECUTORS.get(name).check()


def split_spec(executor: str) -> tuple[str, str | None]:
    """``"dask=tcp://host:8786"`` -> ``("dask", "tcp://host:8786")``; without an address None.

    Raises:
        UsageError: there is no such executor, or it takes no address.
    """
    name, equals, address = executor.partition("=")
    if name not in EXECUTORS.names():
        raise UsageError(f"--executor {executor}: {choose_one(name, EXECUTORS.names())}")
    if equals and (name == "local" or not address):
        raise UsageError(f"--executor {executor}: write local, dask, dask=ADDRESS, ray or ray=ADDRESS")
    return name, address or None


def tasks_at_once(jobs: int | None, executor: str) -> int | None:
    """``jobs``; by default one here, as a task uses all cores by itself, and on a cluster all it takes."""
    return 1 if jobs is None and executor == "local" else jobs


def cores() -> int:
    """The cores this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


def task_gpus() -> float:
    """GPUs that a task asks a cluster for: ``$DCR_TASK_GPUS``, by default none.

    Raises:
        UsageError: it is not a number from 0.
    """
    text = os.environ.get("DCR_TASK_GPUS", "0")
    gpus = read_number(text)
    if gpus is None or not 0 <= gpus < float("inf"):
        raise UsageError(f"DCR_TASK_GPUS={text}: write a number, e.g. 1 or 0.5")
    return gpus

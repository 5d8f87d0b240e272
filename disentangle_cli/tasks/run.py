"""What the executors have in common: :func:`run_tasks`, and what crosses between processes."""

import contextlib
import os
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from disentangle_cli import output
from disentangle_cli.errors import DcrError, RunError, UsageError
from disentangle_cli.registry import Registry
from disentangle_cli.reporting import describe

T = TypeVar("T")
R = TypeVar("R")


class LostTasks(RunError):
    """Tasks that kill their workers; ``lost`` maps their positions to what happened."""

    def __init__(self, lost: dict[int, str]) -> None:
        self.lost = lost
        others = f" (and {len(lost) - 1} more tasks)" if len(lost) > 1 else ""
        super().__init__(next(iter(lost.values())) + others)


@dataclass(frozen=True)
class Done:
    """The result of a task, and the warnings it gave."""

    result: Any
    warnings: list[str]


@dataclass(frozen=True)
class Failed:
    """Stands for the result of a task which raised ``error``."""

    error: DcrError


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a task whose worker died."""

    reason: str


Outcomes = Generator[tuple[int, Done | Failed | Lost], None, None]
"""Key and outcome of each task as they end."""


class Executor(Protocol):
    """Carries out tasks. An entry is made with the address and the number of tasks at once, if given."""

    def run(self, function: Callable[[Any], Any], tasks: Mapping[int, Any]) -> Outcomes:
        """The tasks' keys and outcomes as they end."""
        ...


LAST_TOGETHER = 2
"""How often lost tasks are carried out side by side before each has the workers to itself."""

EXECUTORS: Registry[Callable[[str | None, int | None], Executor]] = Registry(
    "disentangle_cli.executors", "executor"
)


def run_tasks(
    function: Callable[[T], R], tasks: Sequence[T], *, executor: str = "local", jobs: int | None = None
) -> Iterator[tuple[int, R]]:
    """Yield ``(position, function(task))`` of all tasks, in the order in which they end.

    A task whose worker dies is carried out again; the others are not disturbed.

    Args:
        function: picklable (a top-level function), and idempotent: it may run twice on the same task.
        tasks: small picklable objects; ``str(task)`` is what messages call one.
        executor: ``local``, ``dask``, ``ray``, or with the address of a cluster ``dask=ADDRESS``,
            ``ray=ADDRESS``. Without one, a cluster is started on this machine, and kept for the next call.
        jobs: tasks at once. None: as many as there are cores (``local``) or workers.

    Raises:
        DcrError: what ``function`` raised first; anything else that it raises becomes a RunError. Tasks that
            have not ended are given up.
        LostTasks: after all other tasks have ended, when a task's worker died even with no other task around.
        UsageError: no such executor, its package is not installed, or the address does not answer.
    """
    name, address = split_spec(executor)
    if not tasks:
        return
    engine = EXECUTORS.get(name)(address, jobs)
    waiting = dict(enumerate(tasks))
    for earlier in range(LAST_TOGETHER + 1):
        lost: dict[int, str] = {}
        # a task may only have been near one that kills its worker: in the end each has the workers to itself
        alone = earlier == LAST_TOGETHER or (earlier > 0 and len(waiting) == 1)
        for batch in [{index: task} for index, task in waiting.items()] if alone else [waiting]:
            with contextlib.closing(engine.run(function, batch)) as outcomes:
                for index, outcome in outcomes:
                    if isinstance(outcome, Failed):
                        raise outcome.error
                    if isinstance(outcome, Lost):
                        lost[index] = f"{tasks[index]}: {outcome.reason}"
                        continue
                    for message in outcome.warnings:
                        output.warn(message)
                    yield index, outcome.result
        if alone and lost:
            raise LostTasks(lost)
        if not lost:
            return
        waiting = {index: tasks[index] for index in lost}


def split_spec(executor: str) -> tuple[str, str | None]:
    """``"dask=tcp://host:8786"`` -> ``("dask", "tcp://host:8786")``; without an address None.

    Raises:
        UsageError: there is no such executor, or it takes no address.
    """
    name, equals, address = executor.partition("=")
    if name not in EXECUTORS.names():
        raise UsageError(f"--executor {executor}: choose one of: {', '.join(EXECUTORS.names())}")
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
    try:
        gpus = float(text)
    except ValueError:
        gpus = -1.0
    if not 0 <= gpus < float("inf"):
        raise UsageError(f"DCR_TASK_GPUS={text}: write a number, e.g. 1 or 0.5")
    return gpus


def attempt(function: Callable[[Any], Any], index: int, task: Any) -> tuple[int, Done | Failed]:
    """Run one task in a worker: what it raises comes back as a value, picklable whatever it was."""
    try:
        with output.kept_warnings() as warned:
            return index, Done(function(task), warned)
    except DcrError as error:
        return index, Failed(error)
    except Exception as error:
        failed = RunError(f"{task}: {describe(error)[1]}")
        failed.add_note(traceback.format_exc())  # --debug alone would show the frames of another process
        return index, Failed(failed)


def closing_quietly(results: Outcomes) -> Outcomes:
    """The results of a joblib call; joblib does not warn when the caller wants no more of them."""
    try:
        for outcome in results:  # noqa: UP028 - `yield from` would pass the closing on, to warn here
            yield outcome
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()

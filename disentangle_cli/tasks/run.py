"""The one loop that hands tasks to workers: in which order, what is repeated, when it stops."""

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TypeVar

from disentangle_cli import output
from disentangle_cli.errors import RunError
from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ended import Done, Ended, Failed, Function, Lost
from disentangle_cli.tasks.executor import EXECUTORS, Executor, split_spec

T = TypeVar("T")
R = TypeVar("R")

LAST_TOGETHER = 2
"""How often lost tasks are carried out side by side before each has the workers to itself."""

WAIT_SECONDS = 0.2
"""How soon tasks are told to stop."""


class LostTasks(RunError):
    """Tasks that kill their workers; ``lost`` maps their positions to what happened."""

    def __init__(self, lost: dict[int, str]) -> None:
        self.lost = lost
        others = f" (and {len(lost) - 1} more tasks)" if len(lost) > 1 else ""
        super().__init__(next(iter(lost.values())) + others)


def run_tasks(
    function: Callable[[T, Control], R],
    tasks: Sequence[T],
    *,
    executor: str = "local",
    jobs: int | None = None,
    control: Control | None = None,
) -> Iterator[tuple[int, R]]:
    """Yield ``(position, function(task, control))`` of all tasks, in the order in which they end.

    A task whose worker dies is carried out again; the others are not disturbed. The arguments are those of
    :func:`ends_of`.

    Raises:
        DcrError: what ``function`` raised first; anything else that it raises becomes a RunError. Tasks that
            have not ended are given up.
        LostTasks: after all other tasks have ended, when a task's worker died even with no other task around.
        UsageError: no such executor, its package is not installed, or the address does not answer.
    """
    lost: dict[int, str] = {}
    ends = ends_of(function, tasks, executor=executor, jobs=jobs, control=control)
    with contextlib.closing(ends):
        for index, ended in ends:
            if isinstance(ended, Done):
                yield index, ended.result
            elif isinstance(ended, Failed):
                raise ended.error
            else:
                lost[index] = f"{tasks[index]}: {ended.reason}"
    if lost:
        raise LostTasks(lost)


def ends_of(
    function: Callable[[T, Control], R],
    tasks: Sequence[T],
    *,
    executor: str = "local",
    jobs: int | None = None,
    control: Control | None = None,
    repeat: bool = True,
) -> Generator[tuple[int, Ended], None, None]:
    """Yield the position of each task and how it ended, in the order in which they end; nothing is raised.

    Args:
        function: picklable (a top-level function), and idempotent where lost tasks are repeated.
        tasks: small picklable objects; ``str(task)`` is what messages call one.
        executor: ``local``, ``dask``, ``ray``, or with the address of a cluster ``dask=ADDRESS``,
            ``ray=ADDRESS``. Without one, a cluster is started on this machine, and kept for the next call.
        jobs: tasks at once. None: as many as there are cores (``local``) or workers. One at once on this
            machine is carried out by this process.
        control: when its ``stop`` fills, the tasks under way are told; those that have not begun never do,
            and have no end.
        repeat: carry out again a task whose worker died. It counts as lost, after all others have ended, when
            a worker died with no other task around.

    Raises:
        UsageError: no such executor, its package is not installed, or the address does not answer.
    """
    name, address = split_spec(executor)
    if not tasks:
        return
    control = control or Control()
    engine = EXECUTORS.get(name)(address, jobs)
    waiting = dict(enumerate(tasks))
    for earlier in range(LAST_TOGETHER + 1):
        lost: dict[int, Lost] = {}
        # a task may only have been near one that kills its worker: in the end each has the workers to itself
        alone = earlier == LAST_TOGETHER or (earlier > 0 and len(waiting) == 1)
        for batch in [{index: task} for index, task in waiting.items()] if alone else [waiting]:
            with contextlib.closing(_side_by_side(engine, function, batch, control)) as ends:
                for index, ended in ends:
                    if repeat and isinstance(ended, Lost):
                        lost[index] = ended
                    else:
                        yield index, ended
        if alone or control.stop or not lost:
            yield from lost.items()
            return
        waiting = {index: tasks[index] for index in lost}


def _side_by_side(
    engine: Executor, function: Function, tasks: Mapping[int, T], control: Control
) -> Generator[tuple[int, Ended], None, None]:
    waiting, under_way, notified = deque(tasks.items()), 0, False
    places = engine.places(len(tasks))
    try:
        while under_way or (waiting and not control.stop):
            while waiting and under_way < places and not control.stop:
                index, task = waiting.popleft()
                engine.start(index, function, task, control)
                under_way += 1
            if control.stop and not notified:
                engine.stop()
                notified = True
            for index, ended in engine.ended(WAIT_SECONDS):
                under_way -= 1
                if isinstance(ended, Done):
                    control.advance(ended.advanced)
                    for message in ended.warnings:
                        output.warn(message)
                yield index, ended
    finally:
        engine.abandon()

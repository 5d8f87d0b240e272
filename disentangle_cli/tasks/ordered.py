"""Results in the order of their tasks, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.run import run_tasks

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 32
"""Tasks whose results may wait for their turn."""


def in_order(
    function: Callable[[T, Control], R], tasks: Iterable[T], *, jobs: int | None = None
) -> Iterator[R]:
    """Yield ``function(task, control)`` of all tasks in their order, from processes of this machine.

    Tasks are taken from ``tasks`` as they are needed: at most :data:`AHEAD` of them and of their results are
    in memory. The arguments and what is raised are those of :func:`~disentangle_cli.tasks.run.run_tasks`.
    """
    waiting = iter(tasks)
    while wave := list(islice(waiting, AHEAD)):
        done: dict[int, R] = {}
        turn = 0
        for position, result in run_tasks(function, wave, jobs=jobs):
            done[position] = result
            while turn in done:
                yield done.pop(turn)
                turn += 1

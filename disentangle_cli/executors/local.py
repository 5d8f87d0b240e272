"""Processes of this machine: joblib with loky."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from disentangle_cli.executors._base import EXECUTORS, Lost, Outcomes, attempt, closing_quietly, cores


@EXECUTORS.register("local")
class Local:
    """Each process has its share of the cores. With one task at once there is no process but this one."""

    def __init__(self, address: str | None, jobs: int | None) -> None:
        self._jobs = jobs or cores()
        self._broken = False

    def run(self, function: Callable[[Any], Any], tasks: Mapping[int, Any]) -> Outcomes:
        """The tasks' keys and outcomes as they end. A dead process breaks its pool: all in it are lost."""
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        jobs = min(self._jobs, len(tasks))
        if jobs == 1 and not self._broken:
            yield from (attempt(function, index, task) for index, task in tasks.items())
            return
        waiting = dict(tasks)
        while waiting:
            begun: list[int] = []
            try:
                for index, outcome in _pool(function, dict(waiting), max(jobs, 2), begun):
                    del waiting[index]
                    yield index, outcome
            except TerminatedWorkerError:
                self._broken = True
                for index in [index for index in begun if index in waiting]:
                    del waiting[index]
                    yield index, Lost("its process died (killed, or out of memory)")


def _pool(function: Callable[[Any], Any], tasks: Mapping[int, Any], jobs: int, begun: list[int]) -> Outcomes:
    """Carry out tasks, ``jobs`` at once; ``begun`` fills with the keys of those handed to a process."""
    from joblib import Parallel, delayed, parallel_config

    threads = max(1, cores() // jobs)

    def calls() -> Iterable[Any]:
        for index, task in tasks.items():
            begun.append(index)
            yield delayed(_with_threads)(threads, function, index, task)

    with parallel_config(backend="loky", inner_max_num_threads=threads):
        parallel = Parallel(n_jobs=jobs, batch_size=1, pre_dispatch=jobs, return_as="generator_unordered")
    yield from closing_quietly(parallel(calls()))


def _with_threads(threads: int, function: Callable[[Any], Any], index: int, task: Any) -> tuple[int, Any]:
    # the environment limits what is imported later; torch may be here from an earlier call with another share
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    return attempt(function, index, task)

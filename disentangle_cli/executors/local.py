"""Processes of this machine: loky, the executor that joblib brings."""

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from disentangle_cli.tasks.run import EXECUTORS, Lost, Outcomes, attempt, cores

THREAD_LIMITS = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"))


@EXECUTORS.register("local")
class Local:
    """Each process has its share of the cores. With one task at once there is no process but this one."""

    def __init__(self, address: str | None, jobs: int | None) -> None:
        self._jobs = jobs or cores()
        self._broken = False

    def run(self, function: Callable[[Any], Any], tasks: Mapping[int, Any]) -> Outcomes:
        """The tasks' keys and outcomes as they end. A dead process breaks its pool: all under way are lost.

        What had ended by then is not: futures keep their results, which joblib's own generator drops.
        """
        jobs = min(self._jobs, len(tasks))
        if jobs == 1 and not self._broken:
            yield from (attempt(function, index, task) for index, task in tasks.items())
            return
        threads = max(1, cores() // jobs)
        waiting = list(tasks.items())[::-1]
        under_way: dict[Future[Any], int] = {}
        try:
            while waiting or under_way:
                while waiting and len(under_way) < jobs:
                    index, task = waiting.pop()
                    try:
                        future = _pool(jobs, threads).submit(_with_threads, threads, function, index, task)
                    except BrokenProcessPool:  # since a moment ago; the next call makes another pool
                        waiting.append((index, task))
                        continue
                    under_way[future] = index
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    index = under_way.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        self._broken = True
                        outcome = index, Lost("its process died (killed, or out of memory)")
                    yield outcome
        finally:
            if under_way:  # nobody wants them any more
                _pool(jobs, threads).shutdown(wait=True, kill_workers=True)


def _pool(jobs: int, threads: int) -> Any:
    """The processes, kept from call to call; new ones after one has died."""
    from joblib.externals.loky import get_reusable_executor

    limits = dict.fromkeys(THREAD_LIMITS, str(threads))
    return get_reusable_executor(max_workers=max(jobs, 2), timeout=300, env=limits)


def _with_threads(threads: int, function: Callable[[Any], Any], index: int, task: Any) -> tuple[int, Any]:
    # the environment limits what is imported later; torch may be here from an earlier call with another share
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    return attempt(function, index, task)

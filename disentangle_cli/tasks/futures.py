"""A joblib backend over the futures of a cluster.

joblib's own Dask backend never returns when a task is given up because its workers died, and Ray's cannot
yield results as they end and deals tasks to workers in turn, idle or not (joblib 1.6, Ray 2.60). Both
clusters by themselves carry out the tasks of a dead worker again, so all that is left to do here is to hand
a task over and to tell that it was given up.
"""

import contextlib
import functools
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib.parallel import ParallelBackendBase

from disentangle_cli.errors import RunError
from disentangle_cli.output import one_line
from disentangle_cli.tasks.run import Lost, Outcomes, attempt, closing_quietly


class FuturesBackend(ParallelBackendBase):  # type: ignore[misc]
    """Hands over one task at a time; a subclass says how."""

    supports_retrieve_callback = True

    def __init__(self, lost: tuple[type[Exception], ...]) -> None:
        """``lost`` are the errors by which the cluster says that the workers of a task died."""
        super().__init__()
        self._lost = lost
        self._pending: set[Any] = set()

    @abstractmethod
    def send(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """Hand a call over; its future has ``result`` and ``add_done_callback``."""

    @abstractmethod
    def cancel(self, futures: set[Any]) -> None:
        """Give up calls."""

    def effective_n_jobs(self, n_jobs: int) -> int:
        """As many as asked for."""
        return n_jobs

    def submit(self, func: Any, callback: Callable[[Any], None]) -> Any:
        """Send a batch of one call. Called by joblib."""
        ((function, arguments, _),) = func.items
        future = self.send(function, arguments)
        self._pending.add(future)
        _, index, _ = arguments
        future.add_done_callback(functools.partial(self._ended, callback, index))
        return future

    def _ended(self, callback: Callable[[Any], None], index: int, future: Any) -> None:
        self._pending.discard(future)
        with contextlib.suppress(RuntimeError):  # no thread can be started any more: Python is ending
            callback((index, future))

    def retrieve_result_callback(self, out: tuple[int, Any]) -> list[tuple[int, Any]]:
        """The results of a batch of one. Called by joblib.

        Raises:
            RunError: the cluster failed otherwise (its scheduler went away, say).
        """
        index, future = out
        try:
            return [future.result()]
        except self._lost as error:
            return [(index, Lost(f"its workers died ({type(error).__name__}; killed, or out of memory)"))]
        except Exception as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise RunError(f"the cluster did not carry out a task: {reason}") from None

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Give up what has not ended. Called by joblib."""
        self.cancel(set(self._pending))


def run_on(
    backend: FuturesBackend, function: Callable[[Any], Any], tasks: Mapping[int, Any], at_once: int
) -> Outcomes:
    """Carry out tasks on a cluster, ``at_once`` at a time."""
    with parallel_config(backend=backend, n_jobs=max(at_once, 2)):  # with 1 joblib would run them here
        parallel = Parallel(batch_size=1, pre_dispatch=at_once, return_as="generator_unordered")
    calls = (delayed(attempt)(function, index, task) for index, task in tasks.items())
    yield from closing_quietly(parallel(calls))

"""An executor over the futures of a cluster.

Dask and Ray carry out the tasks of a dead worker again by themselves, so all that is left to do here is to
hand a task over and to tell that it was given up.
"""

import queue
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from disentangle_cli.errors import RunError
from disentangle_cli.lines import one_line
from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ended import Ended, Function, Lost, attempt_on_cluster


class FuturesExecutor(ABC):
    """Hands over one task at a time; a subclass says how."""

    def __init__(self, jobs: int | None, lost: tuple[type[Exception], ...]) -> None:
        """``lost`` are the errors by which the cluster says that the workers of a task died."""
        self._jobs = jobs
        self._lost = lost
        self._under_way: dict[Any, int] = {}
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._marker: Path | None = None

    @staticmethod
    def check() -> None:
        """Nothing is needed, unless a subclass says so."""
        return

    @abstractmethod
    def slots(self) -> int:
        """How many tasks the cluster takes at once."""

    @abstractmethod
    def send(self, *call: Any) -> Any:
        """Hand over a function with its arguments; its future has ``result`` and ``add_done_callback``."""

    @abstractmethod
    def cancel(self, futures: list[Any]) -> None:
        """Give up calls."""

    def places(self, count: int) -> int:
        return self._jobs or self.slots()

    def start(self, key: int, function: Function, task: Any, control: Control) -> None:
        self._marker = control.marker
        future = self.send(attempt_on_cluster, function, task, control.marker)
        self._under_way[future] = key
        future.add_done_callback(self._ended.put)

    def ended(self, seconds: float) -> list[tuple[int, Ended]]:
        """The next task that has ended.

        Raises:
            RunError: the cluster failed otherwise (its scheduler went away, say).
        """
        try:
            future = self._ended.get(timeout=seconds)
        except queue.Empty:
            return []
        key = self._under_way.pop(future)
        try:
            return [(key, future.result())]
        except self._lost as error:
            return [(key, Lost(f"its workers died ({type(error).__name__}; killed, or out of memory)"))]
        except Exception as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise RunError(f"the cluster did not carry out a task: {reason}") from None

    def stop(self) -> None:
        """Remove the marker that the workers watch."""
        if self._marker is not None:
            self._marker.unlink(missing_ok=True)

    def abandon(self) -> None:
        if self._under_way:
            self.cancel(list(self._under_way))

"""How a task tells the process that wants it how far it is."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from disentangle_cli.progress import Progress, Seen

TELL_SECONDS = 0.5
"""Seconds between two messages."""


@dataclass(frozen=True)
class Told:
    """What a task has to tell while it runs.

    Attributes:
        bar: the outermost of its bars; None: it has none open.
        advanced: what it has done since it last told.
    """

    bar: Seen | None
    advanced: int


class Teller:
    """The display of a process whose parent shows what there is to see: its outermost bar, now and then."""

    def __init__(self, send: Callable[[Told], None]) -> None:
        self._send = send
        self._bars: list[Progress] = []
        self._advanced = 0
        self._last = float("-inf")
        self._lock = threading.Lock()

    def opened(self, bar: Progress) -> None:
        self._bars.append(bar)
        if len(self._bars) == 1:
            self._tell()

    def moved(self, bar: Progress) -> None:
        if self._bars[:1] == [bar] and time.monotonic() - self._last >= TELL_SECONDS:
            self._tell()

    def closed(self, bar: Progress) -> None:
        if bar in self._bars:  # one of a thread may outlive the task
            self._bars.remove(bar)

    def write(self, line: str, indent: int = 0) -> None:
        """Nobody reads what a worker writes."""

    def advance(self, done: int) -> None:
        """As of :class:`~disentangle_cli.tasks.control.Control`."""
        self._advanced += done
        if time.monotonic() - self._last >= TELL_SECONDS:
            self._tell()

    def finish(self) -> None:
        """Tell what is left to tell."""
        self._bars.clear()
        self._tell()

    def _tell(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # nobody listens: that shows when the task ends
            self._last = time.monotonic()
            advanced, self._advanced = self._advanced, 0
            self._send(Told(self._bars[0].seen if self._bars else None, advanced))

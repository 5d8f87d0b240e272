"""Progress where nothing can be drawn: plain lines, now and then."""

import sys
import threading
import time

from disentangle_cli.progress.bar import Progress

LINE_EVERY = 10.0
"""Seconds between two lines at least, whatever they are about, and before the first of a bar."""
BAR_EVERY = 30.0
"""Seconds between two lines of one bar at least."""


class Lines:
    """Writes a line to stderr about the bar that nothing was said of for the longest time."""

    def __init__(self) -> None:
        self._due: dict[Progress, float] = {}
        self._last = float("-inf")
        self._lock = threading.RLock()

    def opened(self, bar: Progress) -> None:
        with self._lock:
            self._due[bar] = time.monotonic() + LINE_EVERY

    def moved(self, bar: Progress) -> None:
        now = time.monotonic()
        if now - self._last < LINE_EVERY:
            return
        with self._lock:
            next_bar = min(self._due, key=self._due.__getitem__, default=bar)
            if self._due.get(next_bar, now) <= now:
                self._due[next_bar] = now + BAR_EVERY
                self._last = now
                self.write(str(next_bar))

    def closed(self, bar: Progress) -> None:
        with self._lock:
            self._due.pop(bar, None)

    def write(self, line: str, indent: int = 0) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

"""What a task and those who want it tell each other while it runs."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 2.0
"""How often a worker of a cluster looks whether its task is still wanted."""


def _unheard(done: int) -> None:
    pass


@dataclass(frozen=True)
class Control:
    """One for all tasks where they are asked for; each task gets one where it is carried out.

    Attributes:
        stop: fills with a reason when tasks are to save what they have and end.
        advance: takes what a task has done since it last told, in units of the caller's own. What is done on
            this machine is told as it is done, what is done on a cluster when its task has ended.
        marker: a file that the workers of a cluster see. It is removed to make them stop, which it cannot
            tell them otherwise; without one they do not stop.
    """

    stop: list[str] = field(default_factory=list)
    advance: Callable[[int], object] = _unheard
    marker: Path | None = None


@contextlib.contextmanager
def watched(marker: Path | None) -> Iterator[list[str]]:
    """A list that fills when the marker goes, or has gone already."""
    stop: list[str] = []
    over = threading.Event()

    def look() -> None:
        while marker is not None and not over.wait(LOOK_SECONDS):
            if not marker.exists():
                stop.append("the end of the pool")
                return

    if marker is not None and not marker.exists():
        stop.append("the end of the pool")
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()

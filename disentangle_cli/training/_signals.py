"""Signals during training: finish the iteration, save, then stop."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def caught_signals(forward: Callable[[], None] | None = None) -> Iterator[list[str]]:
    """Collect SIGINT and SIGTERM in the yielded list instead of dying of them; a second one is at once.

    ``forward`` is called at each. Outside the main thread signals are not ours to take: the list stays empty.
    """
    caught: list[str] = []

    def note(number: int, frame: Any) -> None:
        caught.append(signal.Signals(number).name)
        if forward is not None:
            forward()
        if len(caught) > 1:
            raise KeyboardInterrupt

    try:
        previous = {number: signal.signal(number, note) for number in SIGNALS}
    except ValueError:
        yield caught
        return
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

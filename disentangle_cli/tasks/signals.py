"""Signals that ask for an end: caught, so that what runs can save, and kept from what is not for them."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def caught_signals(patient: bool = False) -> Iterator[list[str]]:
    """Collect the names of SIGINT and SIGTERM in the yielded list instead of dying of them.

    A second one is at once, unless ``patient``. Outside the main thread signals are not ours to take: the
    list stays empty.
    """
    caught: list[str] = []

    def note(number: int, frame: Any) -> None:
        caught.append(signal.Signals(number).name)
        if len(caught) > 1 and not patient:
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


@contextlib.contextmanager
def blocked(*signals: signal.Signals) -> Iterator[None]:
    """Block signals in this thread, and in all threads and processes that it starts meanwhile.

    A process started so gets what came for it when it unblocks them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

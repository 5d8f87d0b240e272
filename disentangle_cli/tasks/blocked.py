"""Signals that a new process must not die of before it can catch them."""

import contextlib
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker


@contextlib.contextmanager
def blocked(*signals: signal.Signals) -> Iterator[None]:
    """Block signals in this thread, and in all threads and processes that it starts meanwhile.

    A process started so gets what came for it when it unblocks them.
    """
    resource_tracker.ensure_running()  # when it is started later, it unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

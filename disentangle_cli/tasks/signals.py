"""Signals that ask for an end: caught, so that what runs can save, and kept from what is not for them."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from disentangle_cli.temporaries import are_open

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_SECONDS = 0.05


def unwind_on_signals() -> None:
    """Have all of them raise KeyboardInterrupt in the main thread, or end the process where that would fail.

    In an import the interpreter runs callbacks that lose an exception, with a traceback. There the process
    ends at once, with 130, or if a file is being written, when the import is over. Where an exception is lost
    elsewhere, as in a destructor, it is raised again a moment later. Signals that were ignored from the start
    (``nohup``) still are.
    """
    for number in _heard():
        signal.signal(number, _unwind)
    signal.signal(signal.SIGALRM, _unwind)
    sys.unraisablehook = _raise_again


def die_of_signals() -> None:
    """Have them end the process at once, without a word: for when all is done."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _heard():
        signal.signal(number, signal.SIG_DFL)


def _raise_again(lost: Any) -> None:
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(lost)


def _heard() -> list[signal.Signals]:
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def _unwind(number: int, frame: FrameType | None) -> None:
    if not _importing(frame):
        raise KeyboardInterrupt
    if are_open():
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        return
    with contextlib.suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(130)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def caught_signals(patient: bool = False) -> Iterator[list[str]]:
    """Collect the names of :data:`SIGNALS` in the yielded list instead of dying of them.

    A second one is at once, unless ``patient``. A hang-up that was ignored from the start (``nohup``) still
    is. Outside the main thread signals are not ours to take: the list stays empty.
    """
    caught: list[str] = []

    def note(number: int, frame: Any) -> None:
        caught.append(signal.Signals(number).name)
        if len(caught) > 1 and not patient:
            raise KeyboardInterrupt

    taken = [number for number in SIGNALS if number != signal.SIGHUP or number in _heard()]
    try:
        previous = {number: signal.signal(number, note) for number in taken}
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

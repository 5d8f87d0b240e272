"""stdin, stdout and stderr of a command, each of which may be closed, full or without a reader.

What cannot be written to stdout or stderr is dropped, and the work goes on: a training must not end because
somebody closed the window that its progress went to.
"""

import errno
import fcntl
import io
import os
import select
import sys
from collections.abc import Collection
from typing import Any, TextIO

from disentangle_cli.errors import RunError, UsageError

READS = {os.O_RDONLY, os.O_RDWR}
WRITES = {os.O_WRONLY, os.O_RDWR}


class Unfailing(io.FileIO):
    """Writes to a descriptor and never raises; ``error`` is the first reason why something was dropped."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write some of the bytes, or drop all."""
        while True:
            try:
                written = super().write(data)
            except OSError as error:
                self.error = self.error or error
                return memoryview(data).nbytes
            if written is not None:
                return written
            select.select([], [self], [])  # somebody has made it non-blocking, and it is full now


_stdout: list[Unfailing] = []
"""The stdout of this process, once it is settled."""


def settle() -> None:
    """Make the three streams of this process safe to use; call it once, before any file is opened.

    A closed stdin is empty, a closed stderr swallows what it is told.

    Raises:
        UsageError: stdout is closed, or cannot be written.
    """
    # a closed one is filled: the next file that is opened would get its number, and its messages
    if not _settled(sys.stdin, 0, READS):
        sys.stdin = open(os.devnull)  # noqa: SIM115 - lives as long as the process
    has_stdout = _settled(sys.stdout, 1, WRITES)
    _settled(sys.stderr, 2, WRITES)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # names of files are bytes
    _stdout[:] = [Unfailing(1, "w", closefd=False)]
    sys.stdout = _text(_stdout[0], sys.stdout)
    sys.stderr = _text(Unfailing(2, "w", closefd=False), sys.stderr)
    if not has_stdout:
        raise UsageError("stdout is closed or cannot be written; send it to a file or to /dev/null")


def check_stdout() -> None:
    """Raise RunError if some of what was printed is lost, unless its reader just had enough (``| head``)."""
    for stream in _stdout:
        if stream.error is not None and stream.error.errno not in (errno.EPIPE, errno.ECONNRESET):
            raise RunError(f"cannot write to stdout: {stream.error.strerror}")


def _settled(stream: TextIO | None, number: int, modes: Collection[int]) -> bool:
    """Whether a stream is there and open for what it is for; else /dev/null takes its number."""
    try:
        usable = fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR) in modes
    except OSError:
        usable = False
    if stream is None or not usable:
        found = os.open(os.devnull, os.O_RDWR)
        if found != number:
            os.dup2(found, number)
            os.close(found)
        else:
            os.set_inheritable(number, True)
    return stream is not None and usable


def _text(raw: Unfailing, like: TextIO | None) -> io.TextIOWrapper:
    encoding, errors = (like.encoding, like.errors) if like else ("utf-8", "backslashreplace")
    lines = raw.fileno() == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=lines)

"""The one door for files of unknown origin.

What is no regular file (a FIFO hangs, a device never ends) or is too large is refused before anything is
read, and whatever a parser raises on the content becomes one line that names the file.
"""

import contextlib
import os
import re
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from disentangle_cli.errors import DcrError, UsageError
from disentangle_cli.lines import one_line
from disentangle_cli.nearest import did_you_mean_file

MAX_REASON = 200
"""Characters of what a parser says; some repeat half of the file."""
MODEST = 100 * 2**20
"""Bytes of memory that any file may ask for, however small it is..."""
RATIO = 100
"""...and times its size that it may ask for beyond that."""
_OPEN_FILE = re.compile(r" <_io\.\w+ name=[^>]*>")
"""What libraries call a file that was opened for them; its path stands before the reason."""
_INHERITED = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/\d+")
"""Streams that whoever started dcr has opened for it: stdin and ``<(process substitution)``."""


@contextlib.contextmanager
def reading(path: str | Path, problem: str, limit: int | None = None) -> Iterator[BinaryIO]:
    """Open a file for a parser that works in the block; ``limit`` is the most bytes it may have.

    Raises:
        UsageError: the file is missing, no regular file or too large, or the parser stopped: ``problem``
            and the reason.
    """
    with explained(path, problem), _opened(Path(path)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path}: {_kind(status.st_mode)}")
        if limit is not None and status.st_size > limit:
            raise UsageError(
                f"{path}: too large for such a file ({status.st_size:,} bytes, at most {limit:,})"
            )
        yield file


@contextlib.contextmanager
def explained(path: str | Path, problem: str) -> Iterator[None]:
    """Run a parser on content of ``path``; its warnings are not for the user, who did not write it.

    Raises:
        UsageError: it raised anything at all; the dcr errors of the block pass as they are.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DcrError:
        raise
    except MemoryError as error:
        raise UsageError(f"{path}: {problem} (it asks for more memory than there is)") from error
    except Exception as error:  # parsers raise almost anything on damaged files
        raise UsageError(f"{path}: {problem} ({_reason(error)})") from error


def read_whole(path: str | Path, problem: str, limit: int, streams: bool = False) -> bytes:
    """The content of a file of at most ``limit`` bytes; with ``streams`` also of stdin and the like.

    Raises:
        UsageError: as :func:`reading`.
    """
    if not (streams and _INHERITED.fullmatch(str(path))):
        with reading(path, problem, limit) as file:
            data = file.read(limit + 1)
    else:
        with explained(path, problem), Path(path).open("rb") as stream:
            data = stream.read(limit + 1)
    if len(data) > limit:  # a stream, or a file that grows
        raise UsageError(f"{path}: too large for such a file (more than {limit:,} bytes)")
    return data


def check_growth(path: str | Path, what: str, needed: int, size: int, ratio: int = RATIO) -> None:
    """Refuse ``what`` of a compressed file of ``size`` bytes if it grows to ``needed`` out of all proportion.

    Raises:
        UsageError: it takes more than 100 MiB and more than ``ratio`` times the file.
    """
    if needed > max(MODEST, ratio * size):
        raise UsageError(
            f"{path}: {what} grows to {needed / 2**20:,.0f} MiB, over {ratio} times the size of the file; "
            "if that is meant, save it uncompressed"
        )


def _opened(path: Path) -> BinaryIO:
    """The file, opened without waiting for somebody to write to it."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except IsADirectoryError:
        raise UsageError(f"{path}: {_kind(stat.S_IFDIR)}") from None
    except FileNotFoundError as error:
        raise UsageError(f"{path}: {error.strerror}{did_you_mean_file(path)}") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from None


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return "is no regular file (but a pipe, a device or a socket): write its content to a file first"


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    if said is None and error.args and isinstance(error.args[0], str) and not isinstance(error, UnicodeError):
        said = error.args[0]
    return _OPEN_FILE.sub("", one_line(said or error))[:MAX_REASON] or type(error).__name__

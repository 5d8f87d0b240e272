"""The one place where exceptions become a message of one line and an exit code."""

import errno
from collections.abc import Callable

from disentangle_cli.errors import DcrError
from disentangle_cli.output import one_line

OUT_OF_MEMORY = "out of memory: use a smaller batch, a smaller pool of jobs, or another --device"


def _dcr(error: BaseException) -> tuple[int, str] | None:
    return (error.exit_code, str(error)) if isinstance(error, DcrError) else None


def _interrupted(error: BaseException) -> tuple[int, str] | None:
    return (130, "interrupted") if isinstance(error, KeyboardInterrupt) else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, the C library or torch (on any device) had no memory left."""
    # torch's error class is told by its name, so that reporting an error does not import torch
    named = type(error).__name__ == "OutOfMemoryError"
    said = any(words in str(error) for words in ("can't allocate memory", "not enough memory"))
    return isinstance(error, MemoryError) or named or (isinstance(error, RuntimeError) and said)


def _memory(error: BaseException) -> tuple[int, str] | None:
    return (1, OUT_OF_MEMORY) if is_out_of_memory(error) else None


def _operating_system(error: BaseException) -> tuple[int, str] | None:
    if not isinstance(error, OSError):
        return None
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full"
    return 1, f"{error.filename}: {reason}" if error.filename else reason


def _anything_else(error: BaseException) -> tuple[int, str] | None:
    return 1, f"internal error: {type(error).__name__}: {error}; run with --debug for the traceback"


# first match wins
ERROR_TABLE: tuple[Callable[[BaseException], tuple[int, str] | None], ...] = (
    _dcr,
    _interrupted,
    _memory,
    _operating_system,
    _anything_else,
)


def describe(error: BaseException) -> tuple[int, str]:
    """Exit code and one-line message for an exception."""
    code, message = next(found for rule in ERROR_TABLE if (found := rule(error)) is not None)
    return code, one_line(message) or type(error).__name__

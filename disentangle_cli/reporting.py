"""The one place where exceptions become a message of one line and an exit code."""

import errno

from disentangle_cli.errors import DcrError
from disentangle_cli.lines import message

OUT_OF_MEMORY = "out of memory: use a smaller batch, a smaller pool of jobs, or another --device"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, the C library or torch (on any device) had no memory left."""
    # torch's error class is told by its name, so that reporting an error does not import torch
    named = type(error).__name__ == "OutOfMemoryError"
    said = any(words in str(error) for words in ("can't allocate memory", "not enough memory"))
    return isinstance(error, MemoryError) or named or (isinstance(error, RuntimeError) and said)


def describe(error: BaseException) -> tuple[int, str]:
    """Exit code and one-line message for an exception."""
    code, said = _told(error)
    return code, message(said) or type(error).__name__


def _told(error: BaseException) -> tuple[int, str]:
    if isinstance(error, DcrError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted"
    if is_out_of_memory(error):
        return 1, OUT_OF_MEMORY
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else error.strerror or str(error)
        return (
            2 if error.errno == errno.ENAMETOOLONG else 1,
            f"{error.filename}: {reason}" if error.filename else reason,
        )
    return 1, f"internal error: {type(error).__name__}: {error}; run with --debug for the traceback"

"""The one place where exceptions become a line on stderr and an exit code."""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator

from typer import Abort, TyperException

from disentangle_cli.errors import DcrError
from disentangle_cli.output import debugging, one_line

OUT_OF_MEMORY = "out of memory: use a smaller batch, a smaller pool of jobs, or another --device"


def _dcr(error: BaseException) -> tuple[int, str] | None:
    return (error.exit_code, str(error)) if isinstance(error, DcrError) else None


def _command_line(error: BaseException) -> tuple[int, str] | None:
    if not isinstance(error, TyperException):
        return None
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    return getattr(error, "exit_code", 2), message.rstrip(".") + hint


def _interrupted(error: BaseException) -> tuple[int, str] | None:
    return (130, "interrupted") if isinstance(error, KeyboardInterrupt | Abort) else None


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
    _command_line,
    _memory,
    _operating_system,
    _anything_else,
)


def _is_help(error: BaseException) -> bool:
    """Whether Typer has answered a command without arguments by its help (the class is private there)."""
    return type(error).__name__ == "NoArgsIsHelpError"


def describe(error: BaseException) -> tuple[int, str]:
    """Exit code and one-line message for an exception."""
    code, message = next(found for rule in ERROR_TABLE if (found := rule(error)) is not None)
    return code, one_line(message) or type(error).__name__


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Run the block; turn what it raises into a line on stderr and ``SystemExit``."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader went away (`dcr info ... | head -1`): nobody is left to tell
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - lives until the process ends
        raise SystemExit(1) from None
    except (Exception, KeyboardInterrupt) as error:
        code, message = describe(error)
        if debugging():
            traceback.print_exc()
        if _is_help(error):
            sys.stderr.write(getattr(error, "message", ""))  # empty when rich has printed it
        else:
            sys.stderr.write(f"error: {message}\n" if code != 130 else f"{message}\n")
        raise SystemExit(code) from None

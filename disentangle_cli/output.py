"""What dcr says while it works, on stderr.

Library code may call :func:`log`, :func:`detail`, :func:`warn` and :func:`progress` freely: nothing is
printed until the command line calls :func:`configure`, so Python users see no output.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from disentangle_cli.progress import Progress

progress = Progress


@dataclass
class _Settings:
    verbose: bool = False
    debug: bool = False


_settings = _Settings()


_kept_warnings: ContextVar[list[str] | None] = ContextVar("_kept_warnings", default=None)


def configure(*, quiet: bool | None = None, verbose: bool | None = None, debug: bool | None = None) -> None:
    """Set what reaches stderr; ``None`` leaves a setting as it is. Called by the command line only."""
    Progress.quiet = Progress.quiet if quiet is None else quiet
    for name, value in (("verbose", verbose), ("debug", debug)):
        if value is not None:
            setattr(_settings, name, value)


def debugging() -> bool:
    """Whether tracebacks are wanted (``--debug`` or ``DCR_DEBUG=1``)."""
    return _settings.debug


def log(message: str) -> None:
    """Tell what is being done (stderr; not with ``--quiet``)."""
    Progress.write(message)


def detail(message: str) -> None:
    """Tell what only ``--verbose`` asks for (stderr)."""
    if _settings.verbose:
        Progress.write(message)


def warn(message: str) -> None:
    """Warn in one line (stderr; not with ``--quiet``)."""
    if (kept := _kept_warnings.get()) is not None:
        kept.append(message)
    else:
        Progress.write(f"warning: {message}")


@contextlib.contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Collect warnings instead of printing them: for a worker, whose stderr nobody may read."""
    kept: list[str] = []
    token = _kept_warnings.set(kept)
    try:
        yield kept
    finally:
        _kept_warnings.reset(token)

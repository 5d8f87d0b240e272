"""What dcr says while it works, on stderr.

Library code may call :func:`log`, :func:`detail`, :func:`warn` and :func:`progress` freely: nothing is
printed until the command line calls :func:`configure`, so Python users see no output.
"""

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from disentangle_cli.lines import message as as_message
from disentangle_cli.progress import SILENT, Display, Lines, Progress, display, show_on


@dataclass
class _Settings:
    verbose: bool = False
    debug: bool = False
    screen: Display = field(default_factory=Lines)
    announced: list[tuple[str, str]] = field(default_factory=list)


_settings = _Settings()


_kept_warnings: ContextVar[list[str] | None] = ContextVar("_kept_warnings", default=None)


def configure(*, quiet: bool | None = None, verbose: bool | None = None, debug: bool | None = None) -> None:
    """Set what reaches stderr; ``None`` leaves a setting as it is. Called by the command line only."""
    _settings.announced = []
    if quiet is not None:
        show_on(SILENT if quiet else _settings.screen)
    for name, value in (("verbose", verbose), ("debug", debug)):
        if value is not None:
            setattr(_settings, name, value)


@contextlib.contextmanager
def shown_by(screen: Display) -> Iterator[None]:
    """Inside, whatever is not silenced is shown there instead of in plain lines."""
    earlier, _settings.screen = _settings.screen, screen
    try:
        yield
    finally:
        _settings.screen = earlier


def speaking() -> bool:
    """Whether anything is shown at all."""
    return display() is not SILENT


def debugging() -> bool:
    """Whether tracebacks are wanted (``--debug`` or ``DCR_DEBUG=1``)."""
    return _settings.debug


def progress(*arguments: Any, begins: bool = True, **options: Any) -> Progress:
    """A bar of :class:`~disentangle_cli.progress.Progress`, made of the same arguments.

    ``begins``: whether the work begins with it; else what was announced still waits for what comes next.
    """
    if begins:
        _tell_announced()
    return Progress(*arguments, **options)


def log(message: str) -> None:
    """Tell what is being done (stderr; not with ``--quiet``)."""
    _tell_announced()
    display().write(as_message(message))


def block(rows: Iterable[tuple[str, str]]) -> None:
    """Tell several things at once, each by a name (stderr; not with ``--quiet``)."""
    _tell_announced()
    rows = list(rows)
    beside = max((len(name) for name, _ in rows), default=0) + 2
    for name, text in rows:
        display().write(name.ljust(beside) + as_message(text), beside)


def announce(rows: Iterable[tuple[str, str]]) -> None:
    """As :func:`block`, in front of whatever is told next; where an error comes first it is not told."""
    _settings.announced = list(rows)


def _tell_announced() -> None:
    rows, _settings.announced = _settings.announced, []
    if rows:
        block(rows)


def detail(message: str) -> None:
    """Tell what only ``--verbose`` asks for (stderr)."""
    if _settings.verbose:
        log(message)


def warn(message: str) -> None:
    """Warn in one line (stderr; not with ``--quiet``)."""
    if (kept := _kept_warnings.get()) is not None:
        kept.append(message)
    else:
        log(f"warning: {message}")


@contextlib.contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Collect warnings instead of printing them: for a worker, whose stderr nobody may read."""
    kept: list[str] = []
    token = _kept_warnings.set(kept)
    try:
        yield kept
    finally:
        _kept_warnings.reset(token)

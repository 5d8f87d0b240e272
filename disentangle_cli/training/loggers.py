"""The one seam for libraries that show the scalars of runs: TensorBoard, wandb, mlflow.

A logger may cost its own output and nothing else: what goes wrong in one is told in one warning, after which
the run goes on without it.
"""

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from disentangle_cli.errors import UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.lines import one_line
from disentangle_cli.output import warn
from disentangle_cli.plain import read_json
from disentangle_cli.registry import Registry

DEFAULT = "tensorboard"
"""Used where nothing is asked for and its library is installed."""
IDS = "loggers.json"
"""The file of a run's folder in which loggers keep what they call the run."""
PROJECT = "dcr"
"""Project or experiment of a run, unless the library is told another."""
MOST_REASON = 200


@dataclass(frozen=True)
class Start:
    """What a logger is opened with.

    Attributes:
        folder: of the run.
        stem: its name.
        settings: its configuration with model, data set and seed (JSON types, nested).
        iteration: that it goes on with; 0 for a new run.
    """

    folder: Path
    stem: str
    settings: Mapping[str, Any]
    iteration: int

    def known(self, logger: str) -> str | None:
        """What ``logger`` called this run when it was begun; None for a new one."""
        if not self.iteration or not (self.folder / IDS).is_file():
            return None
        found = read_json(self.folder / IDS).get(logger)
        return found if isinstance(found, str) else None

    def remember(self, logger: str, name: str) -> None:
        """Keep what ``logger`` calls this run, so that a run that goes on is the same one."""
        path = self.folder / IDS
        there: dict[str, Any] = {}
        if path.is_file():  # another logger has its name there
            with contextlib.suppress(UsageError):
                there = read_json(path)
        write_atomic(path, json.dumps(there | {logger: name}, indent=2) + "\n")


class Logger(ABC):
    """One run in one library. Whatever a method raises ends the logger and not the run."""

    title: ClassVar[str]
    """What messages call it."""

    @staticmethod
    @abstractmethod
    def need() -> None:
        """Raise UsageError where its library is not installed."""

    @abstractmethod
    def __init__(self, start: Start) -> None:
        """Begin the run, or go on with it."""

    @abstractmethod
    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        """Add scalars of an iteration (counted from 0). One that goes on may be given what it was given."""

    @abstractmethod
    def close(self, complete: bool) -> None:
        """Have everything written; ``complete``: the run is at its end."""


LOGGERS: Registry[type[Logger]] = Registry("disentangle_cli.loggers", "logger")


def check_loggers(names: Sequence[str] | None) -> None:
    """Refuse loggers that there are not, or whose library is not installed; None are those of the default.

    Raises:
        UsageError: it names the logger, and what to install.
    """
    for name in names or ():
        LOGGERS.get(name).need()


def _wanted(names: Sequence[str] | None) -> list[str]:
    if names is not None:
        return list(dict.fromkeys(names))
    try:
        check_loggers([DEFAULT])
    except UsageError:
        return []
    return [DEFAULT]


class Loggers:
    """The loggers of a run; one that fails is left out from then on."""

    def __init__(self, names: Sequence[str] | None, start: Start) -> None:
        """Open those called ``names``; None: the default where it is installed."""
        self._folder = start.folder
        self._open: dict[str, Logger] = {}
        for name in _wanted(names):
            with self._guarded(name):
                self._open[name] = LOGGERS.get(name)(start)

    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        """Hand scalars of an iteration to all of them."""
        for name, logger in list(self._open.items()):
            with self._guarded(name):
                logger.write(iteration, scalars)

    def close(self, complete: bool) -> None:
        """Close them, once."""
        for name, logger in list(self._open.items()):
            with self._guarded(name):
                logger.close(complete)
        self._open.clear()

    @contextlib.contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # libraries and their servers fail in ways of their own
            self._open.pop(name, None)
            said = error.strerror if isinstance(error, OSError) else None
            reason = one_line(said or error)[:MOST_REASON] or type(error).__name__
            warn(f"{self._folder}: no more events for {LOGGERS.get(name).title} ({reason})")

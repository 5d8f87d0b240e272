"""Scalars of a run: ``log.csv`` always, TensorBoard events where it is installed."""

import contextlib
import csv
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic, free_name
from disentangle_cli.output import warn
from disentangle_cli.temporaries import sync
from disentangle_cli.training.log_file import read_log


class RunLog:
    """One row per logged iteration; columns appear as their scalars do."""

    def __init__(self, folder: Path, iteration: int) -> None:
        """Open the log of ``folder`` to go on at ``iteration``; rows from there on are dropped.

        A log that is damaged is set aside, with a warning: it must not stop the run.
        """
        self._path = folder / "log.csv"
        self._fields = ["iteration"]
        self._rows: list[dict[str, Any]] = []
        if os.path.lexists(self._path) and iteration > 0:
            try:
                self._fields, rows = read_log(self._path)
                self._rows = [row for row in rows if int(row["iteration"]) < iteration]
            except UsageError as error:
                aside = _set_aside(self._path)
                warn(f"{error}; it is kept as {aside.name}, and the log goes on from iteration {iteration}")
        self._rewrite()
        self._events = _Events(folder, iteration)

    def write(self, iteration: int, scalars: dict[str, float]) -> None:
        """Add scalars of an iteration (counted from 0)."""
        row: dict[str, Any] = {"iteration": iteration} | {k: f"{v:.9g}" for k, v in scalars.items()}
        self._rows.append(row)
        if new := [key for key in row if key not in self._fields]:
            self._fields += new
            self._rewrite()
        else:
            with self._path.open("a", newline="") as file:
                csv.DictWriter(file, self._fields, lineterminator="\n").writerow(row)
        self._events.write(iteration, scalars)

    def sync(self) -> None:
        """Have the rows on the disk: a resume state must not outlive the rows before it."""
        with self._path.open("rb") as file:
            sync(file.fileno())

    def close(self) -> None:
        """Flush the events."""
        self._events.close()

    def _rewrite(self) -> None:
        with atomic(self._path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._fields, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)


def _set_aside(path: Path) -> Path:
    """Give what is in the way another name beside it."""
    taken = {other.stem for other in path.parent.iterdir()}
    return path.rename(path.with_stem(free_name(f"{path.stem}-damaged", taken)))


class _Events:
    """TensorBoard events, where that is installed. What cannot be written costs the events alone."""

    def __init__(self, folder: Path, iteration: int) -> None:
        self._folder = folder
        self._writer: Any = None
        if importlib.util.find_spec("tensorboard"):
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from torch.utils.tensorboard import SummaryWriter

            with self._given_up():
                self._writer = SummaryWriter(str(folder), purge_step=iteration)

    def write(self, iteration: int, scalars: dict[str, float]) -> None:
        with self._given_up():
            for key, value in scalars.items() if self._writer else ():
                self._writer.add_scalar(key, value, iteration)

    def close(self) -> None:
        with self._given_up():
            if self._writer:
                self._writer.close()

    @contextlib.contextmanager
    def _given_up(self) -> Iterator[None]:
        """No more events after an error."""
        try:
            yield
        except OSError as error:
            self._writer = None
            warn(f"{self._folder}: no more events for TensorBoard ({error.strerror or error})")

"""Scalars of a run in its ``log.csv``."""

import csv
import os
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

    def sync(self) -> None:
        """Have the rows on the disk: a resume state must not outlive the rows before it."""
        with self._path.open("rb") as file:
            sync(file.fileno())

    def _rewrite(self) -> None:
        with atomic(self._path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._fields, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)


def _set_aside(path: Path) -> Path:
    """Give what is in the way another name beside it."""
    taken = {other.stem for other in path.parent.iterdir()}
    return path.rename(path.with_stem(free_name(f"{path.stem}-damaged", taken)))

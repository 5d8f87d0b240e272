"""Scalars of a run: ``log.csv`` always, TensorBoard events where it is installed."""

import csv
import importlib.util
import os
from pathlib import Path
from typing import Any

from disentangle_cli.files import atomic
from disentangle_cli.temporaries import sync


class RunLog:
    """One row per logged iteration; columns appear as their scalars do."""

    def __init__(self, folder: Path, iteration: int) -> None:
        """Open the log of ``folder`` to go on at ``iteration``; rows from there on are dropped."""
        self._path = folder / "log.csv"
        self._fields = ["iteration"]
        self._rows: list[dict[str, Any]] = []
        if self._path.exists() and iteration > 0:
            with self._path.open(newline="") as file:
                reader = csv.DictReader(file)
                self._fields = list(reader.fieldnames or self._fields)
                self._rows = [row for row in reader if (row["iteration"] or "").isdigit()]
            self._rows = [row for row in self._rows if int(row["iteration"]) < iteration]
        self._rewrite()
        self._events: Any = None
        if importlib.util.find_spec("tensorboard"):
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(folder), purge_step=iteration)

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
        if self._events is not None:
            for key, value in scalars.items():
                self._events.add_scalar(key, value, iteration)

    def sync(self) -> None:
        """Have the rows on the disk: a resume state must not outlive the rows before it."""
        with self._path.open("rb") as file:
            sync(file.fileno())

    def close(self) -> None:
        """Flush the events."""
        if self._events is not None:
            self._events.close()

    def _rewrite(self) -> None:
        with atomic(self._path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._fields, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)

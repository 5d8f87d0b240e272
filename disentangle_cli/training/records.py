"""What runs have left so far: their configuration and their log, also while they are under way."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.config import Milestone
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.nearest import did_you_mean_file
from disentangle_cli.plain import read_yaml
from disentangle_cli.training.log_file import read_log

LOG, CONFIG = "log.csv", "config.yaml"
DEPTH = 3
"""Folders in folders in which runs are looked for."""
MOST_RUNS = 10_000
NOT_IDENTITY = ("seed", "log")
"""What two seeds of one configuration may differ in."""


@dataclass(frozen=True)
class Record:
    """A run.

    Attributes:
        folder: where its files are.
        config: what ``config.yaml`` holds, with ``model``, ``dataset`` and ``seed``; empty without one.
        columns: of the log, without ``iteration``.
        iterations: (n,) of the rows, counted from 0.
        values: (n, columns) with NaN where there is no number.
    """

    folder: Path
    config: Mapping[str, Any]
    columns: tuple[str, ...]
    iterations: Doubles
    values: Doubles

    @property
    def name(self) -> str:
        """The stem of its files."""
        return self.folder.resolve().name

    @property
    def seed(self) -> int | None:
        """That of its configuration."""
        seed = self.config.get("seed")
        return seed if type(seed) is int else None

    @property
    def done(self) -> int:
        """Iterations made when the last row was written."""
        return int(self.iterations[-1]) + 1 if len(self.iterations) else 0

    @property
    def length(self) -> int | None:
        """Iterations that it is to have, if it says so."""
        length = self.config.get("iterations")
        return length if type(length) is int and length > 0 else None

    @property
    def complete(self) -> bool:
        """Whether its checkpoint is there, or its last row is that of the last iteration."""
        checkpoint = self.folder.resolve().with_name(f"{self.name}.pt")
        return checkpoint.is_file() or (self.length is not None and self.done >= self.length)

    @property
    def key(self) -> str:
        """What it shares with the other seeds of its configuration; a run without one is alone."""
        same = {name: value for name, value in self.config.items() if name not in NOT_IDENTITY}
        return json.dumps(same, sort_keys=True, default=str) if same else str(self.folder.resolve())

    @cached_property
    def milestones(self) -> list[Milestone]:
        """Of its schedules; none where this dcr does not know the model or its configuration."""
        settings = {
            key: value for key, value in self.config.items() if key not in ("model", "dataset", "seed")
        }
        with contextlib.suppress(UsageError, ValueError, TypeError):  # whatever another version wrote
            kind = MODELS.get(str(self.config.get("model")))
            return kind.milestones(kind.Config.model_validate(settings))
        return []

    def series(self, column: str) -> tuple[Doubles, Doubles]:
        """Iterations made (m,) and values (m,) where the column has finite numbers."""
        if column not in self.columns:
            return np.empty(0), np.empty(0)
        values = self.values[:, self.columns.index(column)]
        known = np.isfinite(values)
        return self.iterations[known] + 1, values[known]

    def last(self) -> dict[str, float]:
        """The latest number of each column that has one."""
        found = {column: self.series(column)[1] for column in self.columns}
        return {column: float(values[-1]) for column, values in found.items() if len(values)}


def find_runs(paths: Iterable[str | Path]) -> list[Path]:
    """The folders of runs that ``paths`` name, each once, in the order of names.

    A path is the folder of a run, a folder in which runs are (at most three levels down), a checkpoint beside
    the folder of its run, or a ``log.csv``.

    Raises:
        UsageError: a path names none.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        folders = _runs_at(path)
        if len(found) + len(folders) > MOST_RUNS:
            raise UsageError(f"{path}: more than {MOST_RUNS:,} runs; name a smaller folder")
        for folder in folders:
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def _runs_at(path: Path) -> list[Path]:
    if not path.exists():
        pattern = any(sign in str(path) for sign in "*?[")
        missing = f"{path}: there is no such file or folder{did_you_mean_file(path)}"
        raise UsageError(f"no file matches {path}" if pattern else missing)
    if path.is_dir():
        for depth in range(DEPTH + 1):
            if folders := [log.parent for log in sorted(path.glob("*/" * depth + LOG))]:
                return sorted(folders, key=_in_order)
        raise UsageError(f"{path}: no run is there: no folder in it holds a {LOG}")
    if path.name == LOG:
        return [path.parent]
    folder = path.with_suffix("")
    if path.suffix == ".pt" and (folder / LOG).is_file():
        return [folder]
    problem = f"its run's folder {folder} has no {LOG}" if path.suffix == ".pt" else "no folder of a run"
    raise UsageError(f"{path}: {problem}; name folders of runs, or the folder that they are in")


def _in_order(folder: Path) -> list[tuple[int, str | int]]:
    """``seed-2`` comes before ``seed-10``."""
    parts: list[tuple[int, str | int]] = []
    digits = ""
    for letter in [*str(folder), ""]:
        if letter.isascii() and letter.isdecimal():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits)))
            digits = ""
        parts.append((1, letter))
    return parts


def read_run(folder: Path) -> Record:
    """A run as it stands; its last row may be half written.

    Raises:
        UsageError: its log or its configuration is damaged.
    """
    fields, rows = read_log(folder / LOG, lenient=True)
    config = read_yaml(folder / CONFIG) if (folder / CONFIG).exists() else {}
    iterations = np.array([int(row["iteration"]) for row in rows], dtype=np.float64)
    cells = [[float(row[column] or "nan") for column in fields[1:]] for row in rows]
    values = np.array(cells, dtype=np.float64).reshape(len(rows), len(fields) - 1)
    return Record(folder, config, tuple(fields[1:]), iterations, values)

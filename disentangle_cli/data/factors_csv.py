"""``factors.csv``: labels as a table with a header line, one row an image."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.labels import MAX_FACTORS, Labels
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

MAX_BYTES = 2**29
"""Of one table: a million rows of twenty codes have some 400 MB."""


@dataclass(frozen=True, eq=False)
class Column:
    """One factor: class ids and values of each row (n,), and the value of each class."""

    classes: Ints
    values: Doubles
    class_values: tuple[float, ...]
    continuous: bool


def read_columns(path: Path) -> dict[str, list[str]]:
    """The columns of a csv file by name, as texts.

    Raises:
        UsageError: unreadable, empty, a nameless or repeated column, or a row of another length.
    """
    with reading(path, "cannot be read as csv", MAX_BYTES) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        lines = [line for line in csv.reader(text) if line]
    if len(lines) < 2:
        raise UsageError(f"{path}: needs a header line and at least one row")
    names = [name.strip() for name in lines[0]]
    if len(set(names)) != len(names) or not all(names):
        raise UsageError(f"{path}: the names in the header must not be empty or occur twice")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise UsageError(f"{path}: row {number} has {len(line)} fields, the header {len(names)}")
    return {name: [line[k].strip() for line in lines[1:]] for k, name in enumerate(names)}


def to_classes(path: Path, name: str, texts: list[str]) -> Column:
    """Class ids by sorted value; numbers keep their value, texts are numbered and unordered.

    Numbers count as continuous if any is not whole, as in an ``.npz``.

    Raises:
        UsageError: an empty field, or a number that is not finite.
    """
    if not all(texts):
        raise UsageError(f"{path}: column {name} has an empty field in row {texts.index('') + 2}")
    try:
        values = np.array([float(text) for text in texts])
    except ValueError:
        ids = np.unique(np.array(texts), return_inverse=True)[1].reshape(-1).astype(np.int64)
        return Column(ids, ids.astype(np.float64), tuple(float(v) for v in range(ids.max() + 1)), False)
    return number_classes(path, name, values)


def number_classes(path: Path, name: str, values: Doubles) -> Column:
    """As :func:`to_classes`, of a column of numbers (n,).

    Raises:
        UsageError: a number is not finite.
    """
    if not np.isfinite(values).all():
        raise UsageError(f"{path}: column {name} holds a value that is not finite")
    found, ids = np.unique(values, return_inverse=True)
    continuous = any(not math.isclose(v, round(v), abs_tol=0.0) for v in found)
    return Column(ids.reshape(-1).astype(np.int64), values, tuple(map(float, found)), continuous)


def read_factors_csv(path: Path, files: list[str]) -> Labels:
    """Labels of the images called ``files`` (relative paths): column ``file`` names them, in any order.

    Raises:
        UsageError: no column ``file``, no factor, an image without a row, or a row without an image.
    """
    columns = read_columns(path)
    named = columns.pop("file", None)
    if named is None or not 1 <= len(columns) <= MAX_FACTORS:
        raise UsageError(f"{path}: needs a column 'file' (image names) and a column for each factor")
    rows = {name: row for row, name in enumerate(named)}
    if len(rows) != len(named):
        raise UsageError(f"{path}: column file names an image twice")
    if missing := [file for file in files if file not in rows]:
        raise UsageError(f"{path}: has no row for {missing[0]} (and {len(missing) - 1} others)")
    if extra := sorted(rows.keys() - set(files)):
        raise UsageError(f"{path}: names {extra[0]} (and {len(extra) - 1} others), which is no image here")
    order = np.array([rows[file] for file in files])
    made = {name: to_classes(path, name, texts) for name, texts in columns.items()}
    factors = tuple(Factor(n, len(c.class_values), c.class_values, c.continuous) for n, c in made.items())
    classes = np.stack([column.classes[order] for column in made.values()], axis=1)
    return Labels(factors, classes, np.stack([column.values[order] for column in made.values()], axis=1))

"""Columns of a table that name its rows: tables are joined by them; they are neither codes nor factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.data.factors_csv import comparable_paths
from disentangle_cli.errors import UsageError
from disentangle_cli.numerals import read_number
from disentangle_cli.output import log, warn

Cells = Doubles | list[str]

FILES = frozenset({"file", "files", "filename", "file_name", "filepath", "file_path", "path", "image_path"})
"""What columns of files are called, capitals aside."""
IDS = frozenset(
    {"id", "ids", "idx", "index", "row", "row_id", "image_id", "img_id", "sample_id", "unnamed: 0"}
)
"""What columns that number the rows are called, by people and by pandas."""
MANY = 10
"""Rows from which on a column of texts that are all different is taken for names."""


@dataclass(frozen=True, eq=False)
class Named:
    """A table: ``keys`` (by their names in small letters) name its rows; the others are ``columns``."""

    path: Path
    keys: Mapping[str, Cells]
    columns: Mapping[str, Cells]


def named(path: Path, table: Mapping[str, Cells], factors: bool) -> Named:
    """Tell the columns that name rows from the others.

    An id that repeats is a factor (whose face it is), but never a code.

    Raises:
        UsageError: nothing else is in the table, or a factor has another text in every row.
    """
    keys = {
        name: cells
        for name, cells in table.items()
        if name.lower() in FILES or (name.lower() in IDS and (not factors or _all_differ(cells)))
    }
    columns = {name: cells for name, cells in table.items() if name not in keys}
    if not columns:
        raise UsageError(f"{path}: has no {'factor' if factors else 'code'}, only columns that name rows")
    for name, cells in columns.items():
        if factors and len(cells) >= MANY and _all_differ(cells) and _texts(cells):
            raise UsageError(
                f"{path}: column {name} has another text in every row, so it names rows and is no factor; "
                "call it file or id, or take it out"
            )
    return Named(path, {name.lower(): cells for name, cells in keys.items()}, columns)


def joined_rows(codes: Named, labels: Named) -> Ints | None:
    """For each row of codes its row of labels; None where no column names both: they are in the same order.

    Raises:
        UsageError: a row of codes has no row of labels, or a name is there twice; or only one table says
            which file a row is about, or numbers its rows in an order of its own.
    """
    shared = next((key for key in codes.keys if key in labels.keys), None)
    if shared is None:
        _check_alone(codes, labels, "code")
        _check_alone(labels, codes, "factor")
        return None
    wanted, there = (_comparable(table.keys[shared]) for table in (codes, labels))
    place = {name: row for row, name in enumerate(there)}
    if len(place) < len(there):
        raise UsageError(f"{labels.path}: column {shared} names a row twice")
    if missing := [name for name in wanted if name not in place]:
        others = f" (and {len(missing) - 1} others)" if len(missing) > 1 else ""
        raise UsageError(f"{labels.path}: column {shared} has no {missing[0]}{others} of {codes.path.name}")
    log(f"{codes.path}: rows joined to those of {labels.path.name} by {shared}")
    return np.array([place[name] for name in wanted], np.int64)


def _check_alone(table: Named, other: Named, what: str) -> None:
    """What names rows in one table only is left out, unless it may say that the order is another one."""
    for name, cells in table.keys.items():
        if name in FILES or (what == "factor" and not _ascends(cells)):
            raise UsageError(
                f"{table.path}: column {name} says which row is which, and {other.path.name} has no such "
                "column to join by; add it there, or take it out here if the rows are in the same order"
            )
        warn(f"{table.path}: column {name} numbers the rows; it is left out, being no {what}")


def _comparable(cells: Cells) -> list[str]:
    return comparable_paths(cells) if isinstance(cells, list) else [str(cell) for cell in cells]


def _all_differ(cells: Cells) -> bool:
    return len(set(cells)) == len(cells)


def _texts(cells: Cells) -> bool:
    return isinstance(cells, list) and any(read_number(cell) is None for cell in cells)


def _ascends(cells: Cells) -> bool:
    numbers = [read_number(cell) for cell in cells] if isinstance(cells, list) else list(cells)
    known = [float(number) for number in numbers if number is not None]
    return len(known) == len(numbers) and bool(np.all(np.diff(known) > 0))

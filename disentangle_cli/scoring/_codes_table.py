"""Codes and factors from a pair of tables: ``.csv`` or ``.parquet`` files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.data.csv_columns import read_columns
from disentangle_cli.data.factors_csv import Column, number_classes, to_classes
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import Arrays
from disentangle_cli.numerals import read_number
from disentangle_cli.scoring.parquet import read_parquet

Cells = Doubles | list[str]
READERS: dict[str, Callable[[Path], Mapping[str, Cells]]] = {".csv": read_columns, ".parquet": read_parquet}


def read_codes_table(path: Path) -> Arrays:
    """``NAME.csv`` with its factors in ``NAME.factors.csv``, else in ``factors.csv`` beside it.

    Both have column names and the same number of rows, in the same order; codes are numbers, factors numbers
    or texts. Likewise ``.parquet``.

    Raises:
        UsageError: a file is missing or malformed; names it.
    """
    suffix = path.suffix.lower()
    places = [path.with_name(f"{path.stem}.factors{suffix}"), path.with_name(f"factors{suffix}")]
    partner = next((place for place in places if place.is_file()), None)
    if partner is None:
        raise UsageError(f"{path}: its factors are missing; put them in {places[0].name} or {places[1].name}")
    if partner == path:
        raise UsageError(f"{path}: holds factors; name the file of codes beside it")
    columns = READERS[suffix](path)
    codes = np.stack([_numbers(path, name, cells) for name, cells in columns.items()], axis=1)
    labels = {name: _labels(partner, name, cells) for name, cells in READERS[suffix](partner).items()}
    rows = len(next(iter(labels.values())).classes)
    if rows != len(codes):
        raise UsageError(f"{partner}: has {rows} rows, {path.name} {len(codes)}")
    return Arrays(
        codes=codes,
        factors=np.stack([column.classes for column in labels.values()], axis=1),
        factor_values=np.stack([column.values for column in labels.values()], axis=1),
        is_continuous=np.array([column.continuous for column in labels.values()]),
        factor_names=tuple(labels),
    )


def _numbers(path: Path, name: str, cells: Cells) -> Doubles:
    if isinstance(cells, list):
        read = [read_number(cell) for cell in cells]
        if None in read:
            raise UsageError(f"{path}: column {name} holds {cells[read.index(None)]!r}, which is no number")
        cells = np.array(read, np.float64)
    if not np.isfinite(cells).all():
        raise UsageError(f"{path}: column {name} holds NaN or infinite values; remove those rows")
    return cells


def _labels(path: Path, name: str, cells: Cells) -> Column:
    if isinstance(cells, list):
        return to_classes(path, name, cells)
    return number_classes(path, name, cells)

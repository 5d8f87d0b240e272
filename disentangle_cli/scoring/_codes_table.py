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
from disentangle_cli.scoring._row_names import Cells, joined_rows, named
from disentangle_cli.scoring.parquet import read_parquet

READERS: dict[str, Callable[[Path], Mapping[str, Cells]]] = {".csv": read_columns, ".parquet": read_parquet}


def read_codes_table(path: Path) -> Arrays:
    """``NAME.csv`` with its factors in ``NAME.factors.csv``, else in ``factors.csv`` beside it.

    Both have column names; codes are numbers, factors numbers or texts. Rows are joined by a column ``file``
    or ``id`` that both have; without one they are as many, in the same order. Likewise ``.parquet``.

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
    table = named(path, READERS[suffix](path), factors=False)
    truth = named(partner, READERS[suffix](partner), factors=True)
    codes = np.stack([_numbers(path, name, cells) for name, cells in table.columns.items()], axis=1)
    labels = {name: _labels(partner, name, cells) for name, cells in truth.columns.items()}
    rows = joined_rows(table, truth)
    if rows is None:
        there = len(next(iter(labels.values())).classes)
        if there != len(codes):
            raise UsageError(f"{partner}: has {there} rows, {path.name} {len(codes)}")
        rows = np.arange(there)
    try:
        return Arrays(
            codes=codes,
            factors=np.stack([column.classes[rows] for column in labels.values()], axis=1),
            factor_values=np.stack([column.values[rows] for column in labels.values()], axis=1),
            is_continuous=np.array([column.continuous for column in labels.values()]),
            factor_names=tuple(labels),
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


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

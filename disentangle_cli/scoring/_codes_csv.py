"""Codes and factors from a pair of ``.csv`` files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.datasets._factors_csv import read_columns, to_classes
from disentangle_cli.errors import UsageError

FACTORS_NAME = "factors.csv"


def read_codes_csv(path: Path) -> dict[str, Any]:
    """``NAME.csv`` with its factors in ``NAME.factors.csv``, else in ``factors.csv`` beside it.

    Both have a header line and the same number of rows, in the same order; codes are numbers, factors numbers
    or texts. Returns ``codes``, ``factors``, ``factor_values``, ``is_continuous`` and ``factor_names``.

    Raises:
        UsageError: a file is missing or malformed; names it.
    """
    places = [path.with_name(f"{path.stem}.factors.csv"), path.with_name(FACTORS_NAME)]
    partner = next((place for place in places if place.is_file()), None)
    if partner is None:
        raise UsageError(f"{path}: its factors are missing; put them in {places[0].name} or {FACTORS_NAME}")
    if partner == path:
        raise UsageError(f"{path}: holds factors; name the file of codes beside it")
    columns = read_columns(path)
    codes = np.stack([_numbers(path, name, texts) for name, texts in columns.items()], axis=1)
    labels = {name: to_classes(partner, name, texts) for name, texts in read_columns(partner).items()}
    rows = len(next(iter(labels.values())).classes)
    if rows != len(codes):
        raise UsageError(f"{partner}: has {rows} rows, {path.name} {len(codes)}")
    return {
        "codes": codes,
        "factors": np.stack([column.classes for column in labels.values()], axis=1),
        "factor_values": np.stack([column.values for column in labels.values()], axis=1),
        "is_continuous": np.array([column.continuous for column in labels.values()]),
        "factor_names": tuple(labels),
    }


def _numbers(path: Path, name: str, texts: list[str]) -> NDArray[np.float64]:
    try:
        column = np.array([float(text) for text in texts])
    except ValueError as error:
        raise UsageError(f"{path}: column {name}: {error}") from None
    if not np.isfinite(column).all():
        raise UsageError(f"{path}: column {name} holds NaN or infinite values; remove those rows")
    return column

"""``factors.csv``: labels as a table with a header line, one row an image."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.data.csv_columns import read_columns
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.labels import MAX_FACTORS, Labels
from disentangle_cli.data.zipped import File
from disentangle_cli.errors import UsageError
from disentangle_cli.numerals import read_number
from disentangle_cli.output import warn

_NO_NUMBER = frozenset({"nan", "inf", "infinity"})
_NO_VALUE = _NO_NUMBER | {"na", "n/a", "null", "none", "?", ""}
"""What stands for a missing value among numbers, signs and capitals aside."""
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+")


@dataclass(frozen=True, eq=False)
class Column:
    """One factor: class ids and values of each row (n,), and the value of each class."""

    classes: Ints
    values: Doubles
    class_values: tuple[float, ...]
    continuous: bool


def to_classes(path: File, name: str, texts: list[str]) -> Column:
    """Class ids by sorted value; plain decimals keep their value, texts are numbered and unordered.

    A column is one of numbers if all its fields are. Numbers count as continuous if any is not whole, as in
    an ``.npz``. Different texts are different classes.

    Raises:
        UsageError: an empty field, numbers with gaps or decimal commas, or one number written in two ways.
    """
    where = f"{path}: column {name}"
    if not all(texts):
        raise UsageError(f"{where} has an empty field in row {texts.index('') + 2}")
    distinct = dict.fromkeys(texts)
    read = {text: read_number(text) for text in distinct}
    others = [text for text, number in read.items() if number is None]
    if not others:
        _refuse_merged(where, {text: float(number) for text, number in read.items() if number is not None})
        return number_classes(path, name, np.array([read[text] for text in texts], np.float64))
    if all(_DECIMAL_COMMA.fullmatch(text) for text in others):
        raise UsageError(f"{where} has numbers with a decimal comma ({others[0]}); write them with a point")
    gaps = _NO_VALUE if len(others) < len(read) else _NO_NUMBER
    if all(text.lower().lstrip("+-") in gaps for text in others):
        raise UsageError(f"{where} holds {others[0]}, which is not finite; every image needs a value")
    if len(others) < len(read):
        warn(f"{where} is read as names, not as numbers: {others[0]!r} is no number")
    ids = np.unique(np.array(texts), return_inverse=True)[1].reshape(-1).astype(np.int64)
    return Column(ids, ids.astype(np.float64), tuple(float(v) for v in range(ids.max() + 1)), False)


def _refuse_merged(where: str, numbers: dict[str, float]) -> None:
    """Refuse texts that are one number: ``1.1`` and ``1.10`` may be two versions, and digits may be lost.

    The sign of a zero is all that may differ: rounding makes ``-0.0`` beside ``0.0``.
    """
    first: dict[float, str] = {}
    for text, number in numbers.items():
        if number in first and not (number == 0 and text.lstrip("+-") == first[number].lstrip("+-")):
            raise UsageError(
                f"{where} holds both {first[number]} and {text}, which are one number here; "
                f"write it in one way, or as names (s{text})"
            )
        first.setdefault(number, text)


def number_classes(path: File, name: str, values: Doubles) -> Column:
    """As :func:`to_classes`, of a column of numbers (n,).

    Raises:
        UsageError: a number is not finite.
    """
    if not np.isfinite(values).all():
        raise UsageError(f"{path}: column {name} holds a value that is not finite")
    found, ids = np.unique(values, return_inverse=True)
    continuous = any(not math.isclose(v, round(v), abs_tol=0.0) for v in found)
    return Column(ids.reshape(-1).astype(np.int64), values, tuple(map(float, found)), continuous)


def read_factors_csv(path: File, files: list[str]) -> Labels:
    """Labels of the images called ``files`` (relative paths): column ``file`` names them, in any order.

    Raises:
        UsageError: no column ``file``, no factor, an image without a row, or a row without an image.
    """
    columns = read_columns(path)
    named = columns.pop("file", None)
    if named is None or not 1 <= len(columns) <= MAX_FACTORS:
        raise UsageError(f"{path}: needs a column 'file' (image names) and a column for each factor")
    keys, wanted = comparable_paths(named), comparable_paths(files)
    if len(set(wanted)) < len(wanted):  # they differ in nothing else
        keys, wanted = named, files
    rows = {key: row for row, key in enumerate(keys)}
    if len(rows) != len(named):
        raise UsageError(f"{path}: column file names an image twice")
    if missing := [file for file, key in zip(files, wanted, strict=True) if key not in rows]:
        raise UsageError(f"{path}: has no row for {missing[0]} (and {len(missing) - 1} others)")
    if extra := sorted(rows.keys() - set(wanted)):
        raise UsageError(f"{path}: names {extra[0]} (and {len(extra) - 1} others), which is no image here")
    order = np.array([rows[key] for key in wanted])
    made = {name: to_classes(path, name, texts) for name, texts in columns.items()}
    factors = tuple(Factor(n, len(c.class_values), c.class_values, c.continuous) for n, c in made.items())
    classes = np.stack([column.classes[order] for column in made.values()], axis=1)
    return Labels(factors, classes, np.stack([column.values[order] for column in made.values()], axis=1))


def comparable_paths(files: Sequence[str]) -> list[str]:
    """Paths as they compare: as Windows or macOS may have written them, the same ones are equal."""
    return [unicodedata.normalize("NFC", file).replace("\\", "/").removeprefix("./") for file in files]

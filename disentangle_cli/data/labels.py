"""Labels of a file of arrays: class ids per image, and what the classes are called and stand for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.classes import binned, occurring
from disentangle_cli.data.array_file import ArrayFile
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.dsprites import FACTORS, LAYOUT
from disentangle_cli.errors import UsageError

LABELS = (
    "factors", "factor_names", "factor_values", "factor_sizes", "is_continuous",
    "latents_classes", "latents_values",
)  # fmt: skip
"""The arrays that labels may be read from."""
BINS = 20
"""Classes of a factor whose values are drawn from a range."""
MAX_CLASSES = 1_000_000
MAX_FACTORS = 1_000
MAX_NUMBERS = 2**27
"""Of one array of labels: 1 GiB at 8 bytes each."""


@dataclass(frozen=True)
class Labels:
    """``classes (N, F)`` class ids, ``values (N, F)`` what they stand for, and the factors.

    Every class of a factor, 0 to ``size - 1``, has an image.
    """

    factors: tuple[Factor, ...]
    classes: Ints
    values: Doubles

    @cached_property
    def is_grid(self) -> bool:
        """Whether the rows are all combinations of the factors, once each, in C order."""
        sizes = tuple(factor.size for factor in self.factors)
        if not sizes or float(np.prod(sizes, dtype=np.float64)) != len(self.classes):
            return False
        expected = np.stack(np.unravel_index(np.arange(len(self.classes)), sizes), axis=1)
        return bool(np.array_equal(self.classes, expected))

    def classes_of(self, rows: Ints) -> Ints:
        """Class ids ``(n, F)`` of ``rows (n,)``."""
        return self.classes[rows]

    def values_of(self, rows: Ints) -> Doubles:
        """Values ``(n, F)`` of ``rows (n,)``."""
        return self.values[rows]

    def of_rows(self, rows: Ints) -> "Labels":
        """Those of some images, ``rows (n,)``: classes that none of them has are none any more."""
        found = [occurring(column) for column in self.classes[rows].T]
        if not found:
            return unlabelled(len(rows))
        factors = tuple(f.restricted(ids) for f, (ids, _) in zip(self.factors, found, strict=True))
        return Labels(factors, np.stack([places for _, places in found], axis=1), self.values[rows])


@dataclass(frozen=True)
class GridLabels:
    """The labels of rows that are all combinations of the factors, once each, the last one fastest."""

    factors: tuple[Factor, ...]
    is_grid = True

    def classes_of(self, rows: Ints) -> Ints:
        """Class ids ``(n, F)`` of ``rows (n,)``."""
        return np.stack(np.unravel_index(rows, [f.size for f in self.factors]), axis=-1).astype(np.int64)

    def values_of(self, rows: Ints) -> Doubles:
        """Values ``(n, F)`` of ``rows (n,)``."""
        columns = zip(self.factors, self.classes_of(rows).T, strict=True)
        return np.stack([np.array(factor.values)[column] for factor, column in columns], axis=-1)


def unlabelled(count: int) -> Labels:
    """The labels of ``count`` images that have none."""
    return Labels((), np.empty((count, 0), np.int64), np.empty((count, 0)))


def labels_of_values(names: Sequence[str], values: Doubles, continuous: Sequence[bool]) -> Labels:
    """Labels of images by finite ``values (N, F)``: each value of a factor is a class, in ascending order."""
    found = [np.unique(column, return_inverse=True) for column in values.T]
    factors = tuple(
        Factor(name, len(own), tuple(own.tolist()), scale)
        for name, (own, _), scale in zip(names, found, continuous, strict=True)
    )
    return Labels(factors, np.stack([ids for _, ids in found], axis=1).astype(np.int64), values)


def labels_of_points(names: Sequence[str], points: Doubles) -> Labels:
    """Labels of images at random ``points (N, F)``, finite numbers: classes are 20 equal-width bins.

    They divide what lies between the smallest and the largest value, as in the official metrics (Lin et al.,
    2020); a class stands for the middle of its bin. Those that no image has are none.
    """
    found = [occurring(binned(column, BINS)) for column in points.T]
    lows, widths = points.min(axis=0), np.ptp(points, axis=0) / BINS
    factors = tuple(
        Factor(name, len(ids), tuple((low + width * (ids + 0.5)).tolist()), continuous=True)
        for name, (ids, _), low, width in zip(names, found, lows, widths, strict=True)
    )
    return Labels(factors, np.stack([places for _, places in found], axis=1), points)


def read_labels(file: ArrayFile, count: int, shape: tuple[int, int, int]) -> Labels | GridLabels:
    """The labels of the ``count`` images of ``file``, whose ``shape`` is ``(C, H, W)``.

    Class ids are in ``factors (N, F)``, or as in the original dSprites file in ``latents_classes``.
    Optional: ``factor_names (F,)`` text, ``factor_values (N, F)`` (or ``latents_values``),
    ``factor_sizes (F,)`` and ``is_continuous (F,)``. Without ``is_continuous`` a factor is continuous
    if any of its values is not a whole number. Class ids that no image has are no classes: the others are
    numbered anew, in their order. With ``factor_sizes`` and no class ids the images are all combinations of
    the factors in that order, the last one fastest.

    Raises:
        UsageError: the arrays do not fit each other or the images.
    """
    key = next((key for key in ("factors", "latents_classes") if key in file), None)
    if key is None:
        return _grid(file, count) if "factor_sizes" in file else unlabelled(count)
    classes = _class_ids(file, key, count)
    width = classes.shape[1]
    values = _table(file, "factor_values" if key == "factors" else "latents_values", (count, width))
    original = key == "latents_classes" and _like_dsprites(classes, shape)
    if original:
        classes, values = classes[:, 1:], None if values is None else values[:, 1:]
    found = [occurring(column) for column in classes.T]
    places = np.stack([where for _, where in found], axis=1)
    values = np.ascontiguousarray(places if values is None else values, np.float64)
    if original:
        factors = tuple(factor.restricted(ids) for factor, (ids, _) in zip(FACTORS, found, strict=True))
    else:
        factors = _described(file, classes, values)
    return Labels(factors, places, values)


def _grid(file: ArrayFile, count: int) -> Labels | GridLabels:
    """Labels by the order of the images alone."""
    shape = file.header("factor_sizes").shape
    if len(shape) != 1 or not 1 <= shape[0] <= MAX_FACTORS:
        raise UsageError(f"{file.path}: factor_sizes has the shape {shape}; it must be (F,), one a factor")
    found = _numbers(file, "factor_sizes")
    if not np.all((found >= 1) & (found <= MAX_CLASSES) & (found == np.floor(found.astype(np.float64)))):
        raise UsageError(f"{file.path}: factor_sizes must be whole numbers from 1 to {MAX_CLASSES:,}")
    sizes = [int(size) for size in found]
    if math.prod(sizes) != count:
        raise UsageError(
            f"{file.path}: factor_sizes {' x '.join(map(str, sizes))} make {math.prod(sizes):,} combinations "
            f"and there are {count:,} images; without factors (N, F), the class ids of each image, there "
            "must be one image for each combination, the last factor fastest"
        )
    rows = np.arange(count)
    classes = np.stack(np.unravel_index(rows, sizes), axis=1).astype(np.int64)
    values = _table(file, "factor_values", classes.shape)
    factors = _described(file, classes, classes.astype(np.float64) if values is None else values)
    return GridLabels(factors) if values is None else Labels(factors, classes, values.astype(np.float64))


def _class_ids(file: ArrayFile, key: str, count: int) -> Ints:
    shape = file.header(key).shape
    if len(shape) != 2 or shape[0] != count or not 1 <= shape[1] <= MAX_FACTORS:
        raise UsageError(
            f"{file.path}: {key} has the shape {shape}; it must be ({count}, F), one row an image"
        )
    found = _numbers(file, key)
    # compared as floats: a wild value must not wrap around on its way to int64
    if not np.all((found >= 0) & (found < MAX_CLASSES) & (found == np.floor(found.astype(np.float64)))):
        raise UsageError(
            f"{file.path}: {key} must hold class ids 0, 1, 2, ... below {MAX_CLASSES}; "
            "real values go to factor_values"
        )
    return found.astype(np.int64)


def _described(file: ArrayFile, classes: Ints, values: Doubles) -> tuple[Factor, ...]:
    width = classes.shape[1]
    sizes = _table(file, "factor_sizes", (width,))
    if sizes is not None and np.any(sizes <= classes.max(axis=0)):
        raise UsageError(f"{file.path}: factor_sizes are smaller than the class ids of the images")
    flags = _table(file, "is_continuous", (width,))
    continuous = np.any(values != np.round(values), axis=0) if flags is None else flags.astype(bool)
    return tuple(
        Factor(name, *_valued(classes[:, k], values[:, k]), bool(continuous[k]))
        for k, name in enumerate(_names(file, width))
    )


def _valued(classes: Ints, values: Doubles) -> tuple[int, tuple[float, ...]]:
    """How many classes occur, and the value of the first image of each."""
    first = np.unique(classes, return_index=True)[1]
    return len(first), tuple(float(value) for value in values[first])


def _names(file: ArrayFile, width: int) -> list[str]:
    if "factor_names" not in file:
        return [f"factor{k + 1}" for k in range(width)]
    header = file.header("factor_names")
    if header.shape != (width,) or header.dtype.kind not in "US":
        raise UsageError(f"{file.path}: factor_names must be {width} texts, one a factor")
    raw = file.read("factor_names").tolist()
    names = [" ".join((n.decode(errors="replace") if isinstance(n, bytes) else n).split()) for n in raw]
    if len(set(names)) != width or not all(names):
        raise UsageError(f"{file.path}: factor_names must not be empty or occur twice")
    return names


def _table(file: ArrayFile, key: str, shape: tuple[int, ...]) -> NDArray[Any] | None:
    if key not in file:
        return None
    if (found := file.header(key).shape) != shape:
        raise UsageError(f"{file.path}: {key} has the shape {found}; it must be {shape}")
    numbers = _numbers(file, key)
    if not np.all(np.isfinite(numbers)):
        raise UsageError(f"{file.path}: {key} holds values that are not finite")
    return numbers


def _numbers(file: ArrayFile, key: str) -> NDArray[Any]:
    header = file.header(key)
    if header.dtype.kind not in "biuf":
        raise UsageError(f"{file.path}: {key} must hold numbers")
    if math.prod(header.shape) > MAX_NUMBERS:
        raise UsageError(f"{file.path}: {key} holds more than {MAX_NUMBERS:,} numbers")
    return file.read(key)


def _like_dsprites(classes: Ints, shape: tuple[int, int, int]) -> bool:
    """Whether these can be labels of dSprites, in colour, too: color (one class), then the five factors."""
    sizes = [1, *(factor.size for factor in FACTORS)]
    return shape[1:] == LAYOUT.shape[1:] and classes.shape[1] == len(sizes) and bool(np.all(classes < sizes))

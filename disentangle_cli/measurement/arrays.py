"""The arrays that metrics are computed from, and the checks that they fit each other.

Shapes below: N rows, K codes, F factors; M groups of L images; P pairs-batches of B pairs; R rows
for the global scale. Any array may be absent; a metric that needs it is then null with a reason. Real numbers
below 1e-30 count as 0, and nothing is computed from arrays that hold numbers beyond 1e15.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError

LARGEST, SMALLEST = 1e15, 1e-30
"""Squares of numbers further out, or their float32 forms, lose what is to be measured."""
MAX_FACTORS = 1_000

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrays:
    """Codes and ground truth of one representation.

    Attributes:
        codes: (N, K) float.
        factors: (N, F) class ids from 0.
        factor_values: (N, F) float; absent: the class ids stand in.
        is_continuous: (F,) bool; absent: every factor is taken as discrete.
        train_rows, test_rows: row numbers of the two halves; absent: two thirds and one third of a
            shuffle.
        reference_codes: (R, K) codes of random images, for the global scale of each code.
        group_codes, group_labels: (M, L, K) codes of images that share one factor value, and (M,) which
            factor that is; ``eval_`` twins judge what was learnt on them.
        pair_codes_1, pair_codes_2, pair_labels: (P, B, K) twice and (P,): pairs of images that share the
            value of factor ``label``; ``eval_`` twins likewise.
        squared_errors: (n,) squared reconstruction error of each image, summed over its pixels.
        class_probabilities: (n, C) what a classifier says of generated images.
        real_features, generated_features: (r, D), (g, D) Inception features of images.
        factor_names: (F,) for messages, and to choose factors by.
        missing: why arrays are absent, by name, where there is something to say.
        remarks: what a reader of numbers made from an array should know, by the array's name.
    """

    codes: Floats | None = None
    factors: Ints | None = None
    factor_values: Floats | None = None
    is_continuous: NDArray[np.bool_] | None = None
    train_rows: Ints | None = None
    test_rows: Ints | None = None
    reference_codes: Floats | None = None
    group_codes: Floats | None = None
    group_labels: Ints | None = None
    eval_group_codes: Floats | None = None
    eval_group_labels: Ints | None = None
    pair_codes_1: Floats | None = None
    pair_codes_2: Floats | None = None
    pair_labels: Ints | None = None
    eval_pair_codes_1: Floats | None = None
    eval_pair_codes_2: Floats | None = None
    eval_pair_labels: Ints | None = None
    squared_errors: Floats | None = None
    class_probabilities: Floats | None = None
    real_features: Floats | None = None
    generated_features: Floats | None = None
    factor_names: tuple[str, ...] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in NAMES:
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, _converted(name, np.asarray(value)))
        _check_partners(self)
        _check_sizes(self)

    def get(self, name: str) -> Any:
        """The array called ``name``, None when absent."""
        return getattr(self, name)

    def problem(self, name: str) -> str | None:
        """Why nothing can be computed from the array, or None."""
        value = self.get(name)
        if value is None or value.dtype.kind != "f":
            return None
        if not np.isfinite(value).all():
            return f"{name} holds NaN or infinite values"
        if max(abs(float(value.max())), abs(float(value.min()))) > LARGEST:
            return f"{name} holds numbers beyond {LARGEST:g}; rescale them"
        return None


_NOT_ARRAYS = ("factor_names", "missing", "remarks")
NAMES = tuple(entry.name for entry in fields(Arrays) if entry.name not in _NOT_ARRAYS)

_REAL = ("factor_values", "squared_errors", "class_probabilities", "real_features", "generated_features")
_TWO = ("codes", "factors", "reference_codes", *_REAL)
_DIMENSIONS = {name: 2 for name in _TWO if name != "squared_errors"}
_PARTNERS = (
    ("codes", "factors"),
    ("factors", "factor_values"),
    ("train_rows", "test_rows"),
    ("group_codes", "group_labels"),
    ("eval_group_codes", "eval_group_labels"),
    ("pair_codes_1", "pair_codes_2"),
    ("pair_codes_1", "pair_labels"),
    ("eval_pair_codes_1", "eval_pair_codes_2"),
    ("eval_pair_codes_1", "eval_pair_labels"),
    ("generated_features", "real_features"),
)


def _dimensions(name: str) -> int:
    if "_codes" in name and name != "reference_codes":
        return 3
    return _DIMENSIONS.get(name, 1)


def _converted(name: str, value: NDArray[Any]) -> NDArray[Any]:
    if value.dtype.kind not in "biuf":
        raise UsageError(f"{name} must hold numbers, not {value.dtype}")
    if value.ndim != _dimensions(name) or 0 in value.shape:
        raise UsageError(
            f"{name} must have {_dimensions(name)} dimensions and not be empty, not {value.shape}"
        )
    if name == "is_continuous":
        return value.astype(bool)
    if "codes" in name or name in _REAL:
        real = value if value.dtype.kind == "f" and value.itemsize >= 4 else value.astype(np.float64)
        small = np.abs(real) < SMALLEST
        return np.where(small, real.dtype.type(0), real) if real[small].any() else real
    whole = value.astype(np.int64) if np.isfinite(value).all() else value
    if not np.array_equal(whole, value) or value.min() < 0:
        raise UsageError(f"{name} must hold whole numbers from 0 (class ids), e.g. as int64")
    return whole


def _check_partners(arrays: Arrays) -> None:
    for first, second in _PARTNERS:
        a, b = arrays.get(first), arrays.get(second)
        if b is not None and a is None:
            raise UsageError(f"{second} is given without {first}")
        if first == "train_rows" and a is not None and b is None:
            raise UsageError(f"{first} is given without {second}")
        if a is None or b is None or first == "train_rows":
            continue
        if first == "generated_features":
            if a.shape[1] != b.shape[1]:
                raise UsageError(f"{first} {a.shape} and {second} {b.shape} differ in width")
            continue
        same = a.shape == b.shape if "codes" in second or second == "factor_values" else len(a) == len(b)
        if not same:
            raise UsageError(f"{first} {a.shape} and {second} {b.shape} do not fit each other")


def _check_sizes(arrays: Arrays) -> None:
    widths = {
        name: arrays.get(name).shape[-1] for name in NAMES if "codes" in name and arrays.get(name) is not None
    }
    if len(set(widths.values())) > 1:
        listed = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise UsageError(f"the arrays disagree about the number of codes: {listed}")
    columns = 0 if arrays.factors is None else arrays.factors.shape[1]
    if arrays.is_continuous is not None and len(arrays.is_continuous) != columns:
        raise UsageError("is_continuous must have one entry per column of factors")
    for name in ("group_labels", "eval_group_labels", "pair_labels", "eval_pair_labels"):
        labels = arrays.get(name)
        if labels is not None and labels.max() >= MAX_FACTORS:
            raise UsageError(f"{name} are numbers of factors, so they must be below {MAX_FACTORS}")
    for name in ("train_rows", "test_rows"):
        rows = arrays.get(name)
        if rows is not None and (arrays.codes is None or rows.max() >= len(arrays.codes)):
            raise UsageError(f"{name} reach past the last row of codes")

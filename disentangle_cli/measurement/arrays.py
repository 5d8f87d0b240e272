"""The table of the arrays that metrics are computed from, and the checks that they fit each other.

All that is done to samples (drawing, choosing factors, resampling, counting, reading from files, documenting)
goes by this table. A new family is one number in ``families.py``, its arrays here, and how it is drawn (in
``scoring/draws.py``) or made by a model (``scoring/images.py``). Any array may be absent; a metric that needs
it is then null with a reason.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, get_origin, get_type_hints

import numpy as np

from disentangle_cli.arraytypes import Bools, Floats, Ints
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.families import MAX_FACTORS, Array, Family

FEW = 10
"""Codes and factors of which there may be more than rows: so few images are in no transposed array."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrays:
    """Codes and ground truth of one representation.

    Real numbers below 1e-30 count as 0, and nothing is computed from arrays that hold numbers beyond 1e15.

    Attributes:
        factor_names: (F,) for messages, and to choose factors by.
        images: how many images the rows were drawn from, with replacement; None: each row is one of its own.
        missing: why arrays are absent, by name, where there is something to say.
        remarks: what a reader of numbers made from an array should know, by the array's name.
    """

    # fmt: off
    codes: Annotated[Floats | None, Array(
        Family.ROWS, "NK", "real", "codes of N images", required=True,
        counted=("rows",), split=False, needs="codes")] = None
    factors: Annotated[Ints | None, Array(
        Family.ROWS, "NF", "class", "class ids from 0",
        beside="codes", required=True, needs="factors")] = None
    factor_values: Annotated[Floats | None, Array(
        Family.ROWS, "NF", "real", "values of the factors; absent: the ranks of the class ids stand in",
        beside="factors")] = None
    is_continuous: Annotated[Bools | None, Array(
        Family.ROWS, "F", "truth", "which factors lie on a scale; absent: every factor is discrete")] = None
    train_rows: Annotated[Ints | None, Array(
        Family.ROWS, "T", "row", "rows to learn from; absent: two thirds of a seeded shuffle",
        beside="test_rows", counted=("train_rows",), split=True)] = None
    test_rows: Annotated[Ints | None, Array(
        Family.ROWS, "E", "row", "rows to judge on; absent: the other third",
        beside="train_rows", counted=("test_rows",), split=True)] = None
    reference_codes: Annotated[Floats | None, Array(
        Family.REFERENCE, "RK", "real", "codes of random images, for the scale of each code",
        counted=("reference",), needs="reference")] = None
    group_codes: Annotated[Floats | None, Array(
        Family.GROUPS, "MLK", "real", "codes of M groups of L images that share the value of one factor",
        counted=("groups", "group_size"), needs="groups")] = None
    group_labels: Annotated[Ints | None, Array(
        Family.GROUPS, "M", "label", "which factor that is", beside="group_codes")] = None
    group_sizes: Annotated[Ints | None, Array(
        Family.GROUPS, "M", "count", "how many images of each group count, its first; absent: all",
        beside="group_codes")] = None
    eval_group_codes: Annotated[Floats | None, Array(
        Family.EVAL_GROUPS, "MLK", "real", "groups to judge on what was learnt from the others",
        counted=("eval_groups",))] = None
    eval_group_labels: Annotated[Ints | None, Array(
        Family.EVAL_GROUPS, "M", "label", "which factor they share", beside="eval_group_codes")] = None
    eval_group_sizes: Annotated[Ints | None, Array(
        Family.EVAL_GROUPS, "M", "count", "how many images of each group count, its first; absent: all",
        beside="eval_group_codes")] = None
    pair_codes_1: Annotated[Floats | None, Array(
        Family.PAIRS, "PBK", "real", "codes of the first images of P batches of B pairs",
        counted=("pairs", "pair_size"), needs="pairs")] = None
    pair_codes_2: Annotated[Floats | None, Array(
        Family.PAIRS, "PBK", "real", "of the second images, which share the value of one factor",
        beside="pair_codes_1")] = None
    pair_labels: Annotated[Ints | None, Array(
        Family.PAIRS, "P", "label", "which factor that is", beside="pair_codes_1")] = None
    eval_pair_codes_1: Annotated[Floats | None, Array(
        Family.EVAL_PAIRS, "PBK", "real", "pairs to judge on what was learnt from the others",
        counted=("eval_pairs",))] = None
    eval_pair_codes_2: Annotated[Floats | None, Array(
        Family.EVAL_PAIRS, "PBK", "real", "their second images", beside="eval_pair_codes_1")] = None
    eval_pair_labels: Annotated[Ints | None, Array(
        Family.EVAL_PAIRS, "P", "label", "which factor they share", beside="eval_pair_codes_1")] = None
    squared_errors: Annotated[Floats | None, Array(
        Family.RECONSTRUCTIONS, "n", "real",
        "squared reconstruction error of each image, summed over its pixels",
        counted=("squared_errors",), needs="reconstructions")] = None
    class_probabilities: Annotated[Floats | None, Array(
        Family.CLASS_PROBABILITIES, "nC", "real", "what a classifier says of generated images",
        counted=("class_probabilities",), needs="class probabilities")] = None
    real_features: Annotated[Floats | None, Array(
        Family.FEATURES, "rD", "real", "Inception features of images of the data set",
        beside="generated_features", counted=("real_features",))] = None
    generated_features: Annotated[Floats | None, Array(
        Family.FEATURES, "gD", "real", "Inception features of generated images",
        counted=("generated_features",), needs="features")] = None
    # fmt: on
    factor_names: tuple[str, ...] | None = None
    images: int | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in ARRAYS.items():
            if (value := self.get(name)) is not None:
                object.__setattr__(self, name, array.converted(np.asarray(value)))
        _check_partners(self)
        _check_sizes(self)

    @property
    def label_digest(self) -> str | None:
        """Hex SHA-256 of the labels of all rows: class ids, values and names of the factors."""
        if self.factors is None:
            return None
        digest = hashlib.sha256(repr((self.factor_names, self.factors.shape)).encode())
        for part in (self.factors, self.factor_values):
            digest.update(b"-" if part is None else np.ascontiguousarray(part, np.float64).tobytes())
        return digest.hexdigest()

    def get(self, name: str) -> Any:
        """The array called ``name``, None when absent."""
        return getattr(self, name)


ARRAYS: dict[str, Array] = {
    name: replace(hint.__metadata__[0], name=name)
    for name, hint in get_type_hints(Arrays, include_extras=True).items()
    if get_origin(hint) is Annotated
}
"""All arrays by name, in the order of their drawing."""


def arrays_of(family: Family) -> list[Array]:
    """The arrays of one family; those of codes come first."""
    return [array for array in ARRAYS.values() if array.family is family]


def families_of(names: Iterable[str]) -> list[Family]:
    """The families that the arrays called ``names`` belong to."""
    found = {ARRAYS[name].family for name in names}
    return [family for family in Family if family in found]


def factor_names(arrays: Arrays) -> tuple[str, ...]:
    """Names of the factors; those without are called ``factor1``, ``factor2``, ..."""
    count = 0 if arrays.factors is None else arrays.factors.shape[1]
    return arrays.factor_names or tuple(f"factor{k + 1}" for k in range(count))


def samples_of(arrays: Arrays, family: Family, kept: Bools) -> dict[str, Any]:
    """The arrays of a labelled family by name, with the samples ``kept (M,)`` only; None where none is."""
    present = [array.name for array in arrays_of(family) if arrays.get(array.name) is not None]
    return {name: arrays.get(name)[kept] if kept.any() else None for name in present}


def _check_partners(arrays: Arrays) -> None:
    for second, array in ARRAYS.items():
        first = array.beside
        if not first or arrays.get(second) is None:
            continue
        if arrays.get(first) is None:
            raise UsageError(f"{second} is given without {first}")
        a, b = arrays.get(first).shape, arrays.get(second).shape
        sizes = dict(zip(ARRAYS[first].axes, a, strict=True))
        if any(sizes.get(axis, size) != size for axis, size in zip(array.axes, b, strict=True)):
            apart = "do not fit each other" if array.axes[0] in sizes else "differ in width"
            if (first, array.axes) == ("codes", "NF") and {a[0], a[1]} & {b[0], b[1]}:
                apart += "; they look transposed: one row an image is wanted"
            raise UsageError(f"{first} {a} and {second} {b} {apart}")


def _check_sizes(arrays: Arrays) -> None:
    present = {name: arrays.get(name) for name in ARRAYS if arrays.get(name) is not None}
    widths = {name: value.shape[-1] for name, value in present.items() if "K" in ARRAYS[name].axes}
    if len(set(widths.values())) > 1:
        listed = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise UsageError(f"the arrays disagree about the number of codes: {listed}")
    columns = 0 if arrays.factors is None else arrays.factors.shape[1]
    rows, codes = (0, 0) if arrays.codes is None else arrays.codes.shape
    if min(codes, columns) > max(rows, FEW):
        raise UsageError(
            f"{rows} rows of {codes} codes and {columns} factors: fewer rows than either, so they look "
            "transposed; codes are (N, K) and factors (N, F), one row an image"
        )
    if arrays.is_continuous is not None and len(arrays.is_continuous) != columns:
        raise UsageError("is_continuous must have one entry per column of factors")
    for name, value in present.items():
        kind = ARRAYS[name].kind
        if kind == "label" and value.max() >= MAX_FACTORS:
            raise UsageError(f"{name} are numbers of factors, so they must be below {MAX_FACTORS}")
        most = present[ARRAYS[name].beside].shape[1] if kind == "count" else 0
        if most and not 1 <= value.min() <= value.max() <= most:
            raise UsageError(f"{name} must be from 1 to {most}, the number of images in a group")
        if kind == "row" and (arrays.codes is None or value.max() >= len(arrays.codes)):
            raise UsageError(f"{name} reach past the last row of codes")
    if arrays.train_rows is not None and arrays.test_rows is not None:
        both = np.intersect1d(arrays.train_rows, arrays.test_rows)
        if len(both):
            raise UsageError(
                f"train_rows and test_rows share {len(both)} rows, e.g. row {both[0]}: "
                "what was learnt from cannot be judged on"
            )

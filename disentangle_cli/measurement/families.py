"""Families of samples, and what each array that metrics read is: see :class:`Array`."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError

LARGEST, SMALLEST = 1e15, 1e-30
"""Squares of numbers further out, or their float32 forms, lose what is to be measured."""
MAX_FACTORS = 1_000


class Family(IntEnum):
    """What is drawn together, apart from all else.

    The number is part of the seed of the family's random stream, so that asking for less changes no score:
    a new family takes the next free one.
    """

    ROWS = 0
    REFERENCE = 1
    GROUPS = 2
    EVAL_GROUPS = 3
    PAIRS = 4
    EVAL_PAIRS = 5
    RECONSTRUCTIONS = 6
    CLASS_PROBABILITIES = 8
    FEATURES = 7


Kind = Literal["real", "truth", "class", "label", "row", "count"]
"""Real numbers, truth values, or whole numbers from 0: class ids, columns of ``factors``, rows, counts."""


@dataclass(frozen=True)
class Array:
    """What one array is. Whatever is done to arrays of samples follows from this.

    Attributes:
        family: what it is drawn with.
        axes: a letter each. Those of an array and the one it stands ``beside`` agree where letters do; K is
            the number of codes everywhere. Samples lie along the first axis, and those of one family and
            letter are resampled together; where an axis is F, chosen factors are taken from it.
        kind: what it holds. Samples of a family with a label are kept if the label is a chosen factor, and
            resampled among those of equal label.
        about: what it is, for readers of the documentation.
        name: of the parameter of a metric, and of the array in a codes file; that of its field.
        beside: the array without which it cannot be given.
        required: a codes file must have it.
        counted: names under which the sizes of the first axes are reported as numbers of samples.
        split: counted only where rows are held out (True), or where they are not (False).
        needs: what a metric that reads it needs, for the table of all metrics.
    """

    family: Family
    axes: str
    kind: Kind
    about: str
    name: str = ""
    beside: str = ""
    required: bool = False
    counted: tuple[str, ...] = ()
    split: bool | None = None
    needs: str = ""

    @property
    def shape(self) -> str:
        """As in ``(N, K)``."""
        return f"({', '.join(self.axes)}{',' * (len(self.axes) == 1)})"

    def converted(self, value: NDArray[Any]) -> NDArray[Any]:
        """``value`` as metrics take it: real numbers of at least single precision, int64 or bool.

        Raises:
            UsageError: it is empty, has other dimensions or holds something else.
        """
        if value.dtype.kind not in "biuf":
            raise UsageError(f"{self.name} must hold numbers, not {value.dtype}")
        if value.ndim != len(self.axes) or 0 in value.shape:
            raise UsageError(
                f"{self.name} must have {len(self.axes)} dimensions and not be empty, not {value.shape}"
            )
        if self.kind == "truth":
            return value.astype(bool)
        if self.kind == "real":
            real = value if value.dtype.kind == "f" and value.itemsize >= 4 else value.astype(np.float64)
            small = np.abs(real) < SMALLEST
            return np.where(small, real.dtype.type(0), real) if real[small].any() else real
        whole = value.astype(np.int64) if np.isfinite(value).all() else value
        if not np.array_equal(whole, value) or value.min() < 0:
            raise UsageError(f"{self.name} must hold whole numbers from 0 (class ids), e.g. as int64")
        return whole

    def problem(self, value: NDArray[Any]) -> str | None:
        """Why nothing can be computed from ``value``, or None."""
        if value.dtype.kind != "f":
            return None
        if not np.isfinite(value).all():
            return f"{self.name} holds NaN or infinite values"
        if max(abs(float(value.max())), abs(float(value.min()))) > LARGEST:
            return f"{self.name} holds numbers beyond {LARGEST:g}; rescale them"
        return None

"""The rows to learn from and the rows to judge on."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Floats, Ints
from disentangle_cli.classes import occurring
from disentangle_cli.measurement.metric import Undefined, derived

Rows = Annotated[Literal["all", "split"], "split: learn on the training half, judge on the test half."]


@dataclass(frozen=True, eq=False)
class Half:
    """Rows of one half: codes (n, K) float64, classes (n, F') int64 from 0 without gaps, values (n, F')."""

    codes: Doubles
    classes: Ints
    values: Doubles


@dataclass(frozen=True, eq=False)
class Parts:
    """Both halves (the same rows twice when nothing is held out), single-valued factors left out.

    Attributes:
        train, test: the halves.
        factor_ids: (F',) columns of ``factors`` that are used, ascending.
        num_factors: F, single-valued ones included.
        continuous: (F',) bool.
    """

    train: Half
    test: Half
    factor_ids: list[int]
    num_factors: int
    continuous: Bools

    @property
    def left_out(self) -> list[int]:
        """Columns of ``factors`` with a single value, which no metric can use."""
        return [k for k in range(self.num_factors) if k not in self.factor_ids]


@derived
def parts(
    codes: Floats,
    factors: Ints,
    factor_values: Floats | None = None,
    is_continuous: Bools | None = None,
    train_rows: Ints | None = None,
    test_rows: Ints | None = None,
    *,
    rows: Rows = "all",
) -> Parts:
    """Learn from ``train_rows`` and judge on ``test_rows``, or with ``rows="all"`` both on every row.

    Raises:
        Undefined: no factor has two values, or a split is asked for without rows.
    """
    used = [k for k in range(factors.shape[1]) if np.ptp(factors[:, k]) > 0]
    if not used:
        raise Undefined("no factor takes more than one value")
    classes = np.stack([occurring(factors[:, k])[1] for k in used], axis=1)
    # row-major, so that sums over rows round alike however the caller laid the arrays out
    values = np.ascontiguousarray(classes if factor_values is None else factor_values[:, used], float)
    whole = Half(np.ascontiguousarray(codes, np.float64), classes, values)
    continuous = np.zeros(len(used), bool) if is_continuous is None else is_continuous[used]
    if rows == "all":
        return Parts(whole, whole, used, factors.shape[1], continuous)
    if train_rows is None or test_rows is None:
        raise Undefined("needs train_rows and test_rows, or at least three rows to split")
    train, test = (Half(whole.codes[r], whole.classes[r], whole.values[r]) for r in (train_rows, test_rows))
    return Parts(train, test, used, factors.shape[1], continuous)

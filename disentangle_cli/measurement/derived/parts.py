"""The rows to learn from and the rows to judge on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Floats, Ints
from disentangle_cli.classes import occurring, too_fine
from disentangle_cli.measurement.metric import Undefined, derived

Rows = Annotated[Literal["all", "split"], "split: learn on the training half, judge on the test half."]


@dataclass(frozen=True, eq=False)
class Half:
    """Rows of one half.

    Attributes:
        codes: (n, K) float64.
        ids: (n, F') int64, class ids from 0 without gaps.
        values: (n, F') float64.
        too_fine: why the ids are no classes to count or learn, if they are none.
    """

    codes: Doubles
    ids: Ints
    values: Doubles
    too_fine: str | None = None

    @property
    def classes(self) -> Ints:
        """The ids (n, F'), for metrics that need several rows of a class.

        Raises:
            Undefined: a factor has about one row a class.
        """
        if self.too_fine:
            raise Undefined(self.too_fine)
        return self.ids


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
    images: int | None = None,
    factor_names: tuple[str, ...] = (),
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
    ids = np.stack([occurring(factors[:, k])[1] for k in used], axis=1)
    known = len(codes) if images is None else min(images, len(codes))
    counts = zip((factor_names[k] for k in used), ids.max(axis=0) + 1, strict=True)
    problem = fineness({name: int(count) for name, count in counts}, known)
    # row-major, so that sums over rows round alike however the caller laid the arrays out
    values = np.ascontiguousarray(ids if factor_values is None else factor_values[:, used], float)
    whole = Half(np.ascontiguousarray(codes, np.float64), ids, values, problem)
    continuous = np.zeros(len(used), bool) if is_continuous is None else is_continuous[used]
    if rows == "all":
        return Parts(whole, whole, used, factors.shape[1], continuous)
    if train_rows is None or test_rows is None:
        raise Undefined("needs train_rows and test_rows, or at least three rows to split")
    train, test = (Half(whole.codes[r], ids[r], values[r], problem) for r in (train_rows, test_rows))
    return Parts(train, test, used, factors.shape[1], continuous)


def fineness(classes: Mapping[str, int], rows: int) -> str | None:
    """Why factors with so many classes are too fine for ``rows`` images, naming them; None where none is."""
    fine = [f"{name} ({count})" for name, count in classes.items() if too_fine(count, rows)]
    if not fine:
        return None
    return (
        f"factors with about one image a class: {', '.join(fine)} of {rows} images; cut them into classes "
        "with --set data.factor_bins=10, or leave them out with --factors"
    )

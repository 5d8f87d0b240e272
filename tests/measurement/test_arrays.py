"""Arrays that fit each other, and those that do not."""

from typing import Any

import numpy as np
import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import Arrays
from tests.metrics.representations import arrays, factors, identity


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"factors": np.zeros((5, 3), np.int64)}, "codes"),
        ({"factors": factors() + 0.5}, "whole numbers"),
        ({"factors": factors() - 1}, "whole numbers"),
        ({"is_continuous": np.ones(2, bool)}, "is_continuous"),
        ({"group_codes": np.zeros((60, 10, 4))}, "number of codes"),
        ({"group_labels": np.zeros(3, np.int64)}, "group_labels"),
        ({"codes": np.zeros(600)}, "2 dimensions"),
        ({"train_rows": np.arange(900), "test_rows": np.arange(5)}, "train_rows"),
        ({"train_rows": np.arange(9)}, "without test_rows"),
        ({"train_rows": np.arange(9), "test_rows": np.arange(7, 20)}, "share 2 rows, e.g. row 7"),
        ({"codes": factors().T}, "transposed"),
        ({"pair_labels": None, "pair_codes_1": None}, "without pair_codes_1"),
    ],
)
def test_arrays_that_do_not_fit(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        arrays(identity, **changes)


@pytest.mark.parametrize(("rows", "width"), [(4, 60), (12, 13), (1, 11)])
def test_transposed_arrays(rows: int, width: int) -> None:
    whole = np.arange(rows * width).reshape(rows, width) % 5
    with pytest.raises(UsageError, match=f"{rows} rows of {width} codes and {width} factors.*transposed"):
        Arrays(codes=whole * 1.0, factors=whole)
    assert (
        Arrays(codes=whole * 1.0, factors=whole[:, :1]).codes is not None
    )  # many codes of few images are codes
    assert Arrays(codes=whole.T * 1.0, factors=whole.T).codes is not None
    with pytest.raises(UsageError, match="look transposed"):
        Arrays(codes=whole.T * 1.0, factors=whole)


def test_labels_of_groups_are_factors() -> None:
    with pytest.raises(UsageError, match="group_labels are numbers of factors, so they must be below 1000"):
        Arrays(group_codes=np.zeros((2, 3, 2)), group_labels=np.array([0, 2_000_000_000]))

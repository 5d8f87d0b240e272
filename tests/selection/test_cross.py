"""Evaluations on real clusters give the numbers of this process."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from disentangle_cli.api.rank import select


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["dask", "ray"])
def test_clusters_give_the_same_numbers(
    executor: str, save: Callable[..., str], small: dict[str, Any]
) -> None:
    pytest.importorskip("distributed" if executor == "dask" else executor)
    pool = [save(f"{i}.pt", noise=i % 4 + 1, angle=0.07 * i) for i in range(8)]
    for budget in ("exact", "auto"):
        here = select(pool, budget=budget, cache=False, **small)
        there = select(pool, budget=budget, cache=False, executor=executor, jobs=2, **small)
        np.testing.assert_array_equal(there.matrix, here.matrix)
        assert there.ranking == here.ranking

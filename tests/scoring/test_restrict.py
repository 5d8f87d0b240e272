"""Scoring some factors only."""

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import Arrays
from disentangle_cli.scoring.restrict import restrict_arrays
from tests.scoring.bars import SMALL, Bars, Reader


def test_factors_can_be_chosen() -> None:
    chosen = dcr.score(Reader(), Bars(), metrics="factor_vae,mig", settings=SMALL, factors=["y", "x"])
    assert chosen["factors"] == ["y", "x"]
    assert np.argmax(np.array(chosen["metrics"]["factor_vae"]["votes"]), axis=0).tolist() == [3, 2]
    with pytest.raises(UsageError, match="no 'z'; it has kind"):
        dcr.score(Reader(), Bars(), factors=["z"])
    with pytest.raises(UsageError, match="twice"):
        dcr.score(Reader(), Bars(), factors=["x", "x"])
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (60, 3))
    data = Arrays(codes=truth * 1.0, factors=truth, group_codes=rng.normal(size=(6, 4, 3)),
                  group_labels=np.arange(6) % 3, reference_codes=truth * 1.0)  # fmt: skip
    part = restrict_arrays(data, ["factor3", "factor1"], "arrays")
    assert part.factors is not None
    assert part.group_labels is not None
    assert np.array_equal(part.factors, truth[:, [2, 0]])
    assert part.group_labels.tolist() == [1, 0, 1, 0]  # of groups 0, 2, 3, 5


def test_samples_of_other_factors_are_dropped_and_columns_follow() -> None:
    labels, codes = np.array([2, 0, 1, 2]), np.arange(8.0).reshape(4, 2, 1)
    data = Arrays(
        codes=np.zeros((5, 1)),
        factors=np.arange(15).reshape(5, 3),
        factor_values=np.arange(15).reshape(5, 3) * 0.5,
        is_continuous=np.array([True, False, False]),
        eval_group_codes=codes[1:3],
        eval_group_labels=labels[1:3],
        pair_codes_1=codes,
        pair_codes_2=codes + 10,
        pair_labels=labels,
        squared_errors=np.ones(7),
        factor_names=("a", "b", "c"),
    )
    part = restrict_arrays(data, ["c", "a"], "arrays")
    assert part.factor_names == ("c", "a")
    assert part.factor_values.tolist() == (data.factor_values[:, [2, 0]]).tolist()
    assert part.is_continuous.tolist() == [False, True]
    assert part.pair_labels.tolist() == [0, 1, 0]
    assert np.array_equal(part.pair_codes_1, codes[[0, 1, 3]])
    assert np.array_equal(part.pair_codes_2, codes[[0, 1, 3]] + 10)
    assert part.eval_group_labels.tolist() == [1]
    assert len(part.squared_errors) == 7
    only = restrict_arrays(data, ["c"], "arrays")
    assert (only.eval_group_codes, only.eval_group_labels) == (None, None)

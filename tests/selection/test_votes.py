"""Streaming spread, votes and the majority classifier, against numpy and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from disentangle_cli.selection.votes import NO_VOTE, Spread, Votes, cast_votes, scale_matters


@given(
    arrays(np.float32, st.tuples(st.integers(3, 40), st.just(3)), elements=st.floats(-100, 100, width=32)),
    st.integers(1, 39),
)
def test_spread_in_chunks_equals_numpy(codes: np.ndarray, cut: int) -> None:
    spread = Spread(3)
    for chunk in (codes[:cut], codes[cut:]):
        if len(chunk):
            spread.add(chunk)
    expected = codes.astype(np.float64).std(axis=0)
    np.testing.assert_allclose(spread.std, expected, rtol=1e-9, atol=1e-3)
    assert spread.count == len(codes)


def test_spread_far_from_zero_is_exact() -> None:
    codes = 1e6 + np.random.default_rng(0).normal(size=(5000, 2)) * [2.0, 30.0]
    spread = Spread(2)
    for chunk in np.array_split(codes, 7):
        spread.add(chunk)
    np.testing.assert_allclose(spread.std, codes.std(axis=0), rtol=1e-9)


def test_error_of_the_spread_is_that_of_repeated_draws() -> None:
    rng = np.random.default_rng(0)
    draws = np.stack([draw(size=(300, 400)) for draw in (rng.uniform, rng.normal, rng.laplace)])
    expected = draws.std(axis=2).std(axis=1) / draws.std(axis=2).mean(axis=1)
    errors = []
    for codes in draws.transpose(1, 2, 0):
        spread = Spread(3)
        for chunk in np.split(codes, [100, 130]):
            spread.add(chunk)
        errors.append(spread.error)
        kurtosis = ((codes - codes.mean(axis=0)) ** 4).mean(axis=0) / codes.var(axis=0) ** 2
        np.testing.assert_allclose(spread.error, np.sqrt((kurtosis - 1) / 400) / 2, rtol=1e-9)
    np.testing.assert_allclose(np.mean(errors, axis=0), expected, rtol=0.15)


@pytest.mark.parametrize("tie", [0.001, 0.5])
def test_scale_matters_where_codes_are_nearly_tied(tie: float) -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 2
    group_std = np.where(labels[:, None] == [0, 1], 1 - tie, 1.0) * (1 + 0.01 * rng.normal(size=(200, 2)))
    few, many = Spread(2), Spread(2)
    few.add(rng.normal(size=(500, 2)))
    many.add(rng.normal(size=(400_000, 2)))
    assert scale_matters(group_std, few, labels) == (tie < 0.01)
    assert not scale_matters(group_std, many, labels)


@pytest.mark.filterwarnings("error")
def test_rounding_noise_is_dead_and_nan_stays_nan() -> None:
    rng = np.random.default_rng(0)
    codes = np.stack(
        [rng.normal(size=999), 0.7 + 5e-8 * rng.normal(size=999), np.zeros(999), np.full(999, np.inf)], 1
    )
    spread = Spread(4)
    spread.add(codes[:500])
    spread.add(codes[500:])
    std = spread.std
    assert std[0] == pytest.approx(codes[:, 0].std())
    assert std[1] == 0
    assert std[2] == 0
    assert np.isnan(std[3])


@pytest.mark.parametrize(
    ("mean", "std", "wider", "alive"),
    [
        (0.7, 5e-7, 0, False),  # below a millionth of its own size
        (0.7, 1e-6, 0, True),
        (0, 5e-7, 1, False),  # below a millionth of the widest code
        (0, 2e-6, 1, True),
        (0, 5e-7, 0, True),  # small, but there is nothing to compare it with
    ],
)
def test_a_code_is_dead_below_a_millionth(mean: float, std: float, wider: float, alive: bool) -> None:
    signs = np.tile([1.0, -1.0], 500)
    spread = Spread(2)
    spread.add(np.stack([mean + std * signs, wider * signs], axis=1))
    assert spread.std[0] == (pytest.approx(std) if alive else 0)
    assert spread.error[0] == 0  # the kurtosis of two values is 1


def test_a_dead_code_has_no_error() -> None:
    spread = Spread(2)
    spread.add(np.stack([np.random.default_rng(0).normal(size=99), np.zeros(99)], axis=1))
    assert spread.error[0] > 0.05
    assert spread.error[1] == 0


@pytest.mark.filterwarnings("error")
def test_cast_votes() -> None:
    group_std = np.array([[2.0, 1.0, 0.0], [0.5, 3.0, 0.0], [1.0, 1.0, 0.0], [np.nan, 4.0, 0.0]])
    np.testing.assert_array_equal(cast_votes(group_std, np.array([1.0, 1.0, 0.0])), [1, 0, 0, 1])
    np.testing.assert_array_equal(cast_votes(group_std, np.array([4.0, 1.0, 0.0])), [0, 0, 0, 1])
    np.testing.assert_array_equal(cast_votes(group_std, np.array([0.0, np.nan, 0.0])), [NO_VOTE] * 4)


def test_accuracy_of_a_known_table() -> None:
    # codes x labels: [[3, 0], [2, 1], [0, 4]] -> (3 + 2 + 4) / 10
    votes = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    result = Votes(votes, labels, np.ones(3, dtype=bool))
    np.testing.assert_array_equal(result.counts(), [[3, 0], [2, 1], [0, 4]])
    assert result.accuracy == 0.9


def test_groups_without_a_vote_count_as_wrong() -> None:
    votes = np.array([0, NO_VOTE, NO_VOTE, 0])
    assert Votes(votes, np.array([0, 1, 0, 0]), np.array([True, False])).accuracy == 0.5
    none = np.full(4, NO_VOTE)
    assert Votes(none, np.array([0, 1, 0, 1]), np.zeros(2, dtype=bool)).accuracy == 0

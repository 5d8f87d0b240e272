from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from disentangle_cli.api.rank import select
from disentangle_cli.selection.ranking import (
    agreement,
    balanced_scores,
    best_first,
    central_scores,
    kendall,
    median,
    symmetrised,
)

Save = Callable[..., str]

MATRIX = np.array([[1.0, 0.8, 0.2], [0.6, 1.0, 0.4], [0.0, 0.2, 1.0]])


def test_scores_by_hand() -> None:
    # A = [[., .7, .1], [.7, ., .3], [.1, .3, .]]
    np.testing.assert_allclose(central_scores(symmetrised(MATRIX)), [0.4, 0.5, 0.2])


def test_diagonal_never_counts() -> None:
    changed = MATRIX.copy()
    np.fill_diagonal(changed, [0.0, 7.0, np.nan])
    np.testing.assert_array_equal(central_scores(symmetrised(changed)), central_scores(symmetrised(MATRIX)))


def test_unknown_entries_are_left_out() -> None:
    partial = MATRIX.copy()
    partial[0, 2] = np.nan
    np.testing.assert_allclose(central_scores(symmetrised(partial)), [0.7, 0.5, 0.3])
    partial[:, 2] = np.nan
    scores = central_scores(symmetrised(partial))
    np.testing.assert_allclose(scores[:2], [0.7, 0.7])
    assert np.isnan(scores[2])


def test_ties_stand_in_the_order_given_and_unknown_scores_last() -> None:
    assert best_first(np.array([0.5, np.nan, 0.7, 0.5])) == [2, 0, 3, 1]


@given(arrays(np.float64, (5, 5), elements=st.floats(0, 1)), st.permutations(range(5)))
def test_order_of_the_pool_changes_no_score(matrix: np.ndarray, order: list[int]) -> None:
    scores = central_scores(symmetrised(matrix))
    np.testing.assert_array_equal(central_scores(symmetrised(matrix[np.ix_(order, order)])), scores[order])


def test_families_have_one_voice_each() -> None:
    similarity = np.array(
        [[9, 0.9, 0.1, 0.2], [0.9, 9, 0.3, 0.5], [0.1, 0.3, 9, np.nan], [0.2, 0.5, np.nan, 9]]
    )
    families = ["vae", "vae", "gan", "gan"]
    expected = [(0.9 + 0.15) / 2, (0.9 + 0.4) / 2, 0.2, 0.35]
    np.testing.assert_allclose(balanced_scores(similarity, families), expected)
    np.testing.assert_allclose(balanced_scores(similarity, ["vae"] * 4), central_scores(similarity))
    np.testing.assert_allclose(central_scores(similarity, median)[:2], [0.2, 0.5])


def test_kendall_tau(save: Save, small: dict[str, int]) -> None:
    assert kendall([0.9, 0.5, None], [3.0, 2.0, 1.0]) == 1
    assert kendall([0.9, 0.5, 0.1], [1.0, 2.0, 3.0]) == -1
    assert kendall([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    pool = [save(f"{a}.pt", angle=a) for a in (0.0, 0.1, 0.5, 0.9)]
    by_votes = select(pool, **small)
    by_codes = select(pool, "udr-lasso", images=100)
    table = agreement([by_votes, by_codes])
    assert table is not None
    assert table["methods"] == ["model-centrality", "udr-lasso"]
    taus = np.array(table["kendall_tau"])
    np.testing.assert_array_equal(taus, taus.T)
    np.testing.assert_allclose(np.diag(taus), 1)
    assert agreement([by_votes]) is None

"""Resampled pools against plain loops, and against what must come out."""

import time
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from disentangle_cli.selection import Settings
from disentangle_cli.selection.bootstrap import (
    GroupChange,
    draw_models,
    group_changes,
    mean_replicates,
    median_replicates,
    resampled_accuracy,
)
from disentangle_cli.selection.judge import held_out_accuracy
from disentangle_cli.selection.votes import CrossVotes, Votes


def random_votes(rng: np.random.Generator, codes: int, labels: int, repeats: int, skill: float) -> Votes:
    truth = np.tile(np.arange(labels), repeats)
    guess = rng.integers(-1, codes, len(truth))
    return Votes(np.where(rng.random(len(truth)) < skill, truth % codes, guess), truth, np.ones(codes, bool))


class Identity:
    """Draws every group exactly once: the resample is the sample."""

    def integers(self, high: int, size: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(np.arange(high), size).copy()


def test_unchanged_groups_give_the_plain_accuracies() -> None:
    rng = np.random.default_rng(0)
    votes = [random_votes(rng, codes, 4, 10, skill) for codes, skill in ((3, 0.2), (4, 0.5), (6, 0.9))]
    same = cast(Any, Identity())
    np.testing.assert_allclose(resampled_accuracy(votes, 2, False, same), [[v.accuracy for v in votes]] * 2)
    expected = [[held_out_accuracy(v) for v in votes]] * 2
    np.testing.assert_allclose(resampled_accuracy(votes, 2, True, same), expected)


def test_a_code_that_never_won_in_the_other_half_is_wrong() -> None:
    # code 1 wins for label 0 in the odd repeat only: there is nothing to learn it from, in either direction
    votes = Votes(np.array([0, 0, 1, 0]), np.array([0, 1, 0, 1]), np.ones(2, bool))
    same = cast(Any, Identity())
    np.testing.assert_array_equal(
        resampled_accuracy([votes], 3, True, same), [[held_out_accuracy(votes)]] * 3
    )
    assert held_out_accuracy(votes) == 0.25


@pytest.mark.parametrize("held_out", [False, True])
def test_spread_of_accuracies_is_binomial(held_out: bool) -> None:
    # code k stands for label k beyond doubt: the accuracy is the mean of 400 independent groups
    rng = np.random.default_rng(1)
    votes = [random_votes(rng, 4, 4, 100, 0.7)]
    accuracy = resampled_accuracy(votes, 2000, held_out, rng)[:, 0]
    part = votes[0].accuracy
    assert accuracy.mean() == pytest.approx(part, abs=0.005)
    assert accuracy.std() == pytest.approx(np.sqrt(part * (1 - part) / 400), rel=0.1)


def test_drawn_models_never_are_all_the_same_and_do_not_depend_on_order() -> None:
    names = ["b", "c", "a"]
    drawn = draw_models(names, np.arange(3), 500, 7)
    assert drawn.shape == (500, 3)
    assert (drawn != drawn[:, :1]).any(axis=1).all()
    turned = draw_models(names[::-1], np.arange(3), 500, 7)
    assert [[names[i] for i in row] for row in drawn] == [[names[::-1][i] for i in row] for row in turned]
    assert set(draw_models(names, np.array([0, 2]), 50, 7).flat) == {0, 2}


def test_replicates_equal_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    n, replicates = 7, 20
    similarity = rng.random((n, n))
    similarity += similarity.T
    similarity[3, :] = similarity[:, 3] = np.nan  # a model that takes no part
    part = np.array([0, 1, 2, 4, 5, 6])
    scale = rng.random((n, n))
    changes = [GroupChange(j, part, rng.normal(size=(replicates, 6))) for j in part]
    drawn = draw_models(list("abcdefg"), part, replicates, 0)
    scores = mean_replicates(similarity, drawn, changes, scale)
    medians = median_replicates(similarity, drawn)
    for r in range(replicates):
        moved = similarity.copy()
        for change in changes:
            for e, i in enumerate(change.encoders):
                moved[i, change.generator] += scale[i, change.generator] * change.change[r, e] / 2
                moved[change.generator, i] += scale[i, change.generator] * change.change[r, e] / 2
        for i in part:
            others = [j for j in drawn[r] if j != i]
            assert scores[r, i] == pytest.approx(np.mean([moved[i, j] for j in others]))
            assert medians[r, i] == pytest.approx(np.median([similarity[i, j] for j in others]))
    assert np.isnan(scores[:, 3]).all()
    assert np.isnan(medians[:, 3]).all()


@pytest.mark.filterwarnings("error")
def test_a_model_of_which_no_drawn_one_knows_has_no_score() -> None:
    similarity = np.array([[1, 0.5, np.nan], [0.5, 1, 0.25], [np.nan, 0.25, 1]])
    scores = mean_replicates(similarity, np.array([[0, 2, 2], [0, 0, 1]]))
    np.testing.assert_array_equal(scores, [[np.nan, 1 / 3, np.nan], [0.5, 0.5, 0.25]])


def test_fifty_models_take_seconds() -> None:
    rng = np.random.default_rng(0)
    one = [random_votes(rng, 5, 5, 100, 0.6) for _ in range(50)]
    votes: CrossVotes = {(i, j): one[i] for i in range(50) for j in range(50)}
    pool = cast(Any, SimpleNamespace(members=[SimpleNamespace(identity=str(i)) for i in range(50)]))
    start = time.process_time()
    drawn = draw_models([str(i) for i in range(50)], np.arange(50), 200, 0)
    changes = group_changes(votes, pool, Settings().replicates, True, 0)
    scores = mean_replicates(rng.random((50, 50)), drawn, changes, np.ones((50, 50)))
    assert scores.shape == (200, 50)
    assert time.process_time() - start < 5

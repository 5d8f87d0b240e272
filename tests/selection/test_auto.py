"""``inactive="auto"``: activity, chance, and ranks that padding and collapse do not buy."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.selection import select
from disentangle_cli.selection.activity import activity
from disentangle_cli.selection.judge import chance_accuracy, corrected, held_out_accuracy
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.votes import Votes

Save = Callable[..., str]


def votes(cast: Any, labels: Any, codes: int) -> Votes:
    return Votes(np.array(cast), np.array(labels), np.ones(codes, dtype=bool))


def test_activity_of_a_linear_generator(save: Save) -> None:
    # orthonormal patterns of equal weight: each of 3 codes and 2 noise dimensions makes a fifth of the change
    pool = load_pool([save("a.pt"), save("b.pt", codes=4, dead=1)])
    task = Task(pool, settings=Settings())
    first, second = (activity(member, task) for member in pool.members)
    np.testing.assert_allclose(first, 0.2, atol=0.02)
    np.testing.assert_allclose(second, [0.2, 0.2, 0.2, 0], atol=0.02)
    assert second[3] == 0


def test_held_out_accuracy_by_hand() -> None:
    # two labels, four repeats; in the last one code 1 won for both labels
    cast = [0, 1, 0, 1, 0, 1, 1, 1]
    labels = [0, 1] * 4
    # odd half scored by the even one: 3 of 4; even half by the odd one: 4 of 4
    assert held_out_accuracy(votes(cast, labels, 2)) == 7 / 8
    # a code that never won in the other half is wrong, and so is a group without a vote
    assert held_out_accuracy(votes([0, 1, 2, 1], [0, 1, 0, 1], 3)) == 0.5
    assert held_out_accuracy(votes([0, -1, 0, -1], [0, 1, 0, 1], 2)) == 0.5


def test_random_votes_are_worth_nothing_whatever_the_number_of_codes() -> None:
    rng = np.random.default_rng(0)
    for codes in (2, 5, 10):
        labels = np.tile(np.arange(codes), 200)
        pair = votes(rng.integers(0, codes, len(labels)), labels, codes)
        chance = chance_accuracy(pair, 100, np.random.default_rng(1))
        assert chance == pytest.approx(1 / codes, abs=0.02)
        assert corrected(held_out_accuracy(pair), chance) == pytest.approx(0, abs=0.06)
        perfect = votes(labels, labels, codes)
        assert held_out_accuracy(perfect) == 1
        assert corrected(1.0, chance_accuracy(perfect, 100, np.random.default_rng(1))) == 1
    assert math.isnan(corrected(1.0, 1.0))


def test_corrected_scores_of_known_models(save: Save, small: dict[str, int]) -> None:
    # the second model lacks one of four codes: what it can say is right, but it says less
    pool = [save("full.pt", codes=4), save("three.pt", codes=4, dead=1)]
    result = select(pool, inactive="auto", activity_pairs=200, **small)
    assert result.corrected is not None
    assert [ranked.codes for ranked in sorted(result.ranking, key=lambda r: r.model)] == [4, 3]
    # its encoder cannot see the fourth code; on its own generator nothing is missing
    assert result.matrix[1, 1] == 1
    assert result.corrected[1, 1] == 1
    assert result.matrix[0, 1] == 1
    assert result.corrected[0, 1] == pytest.approx(3 / 4)
    assert result.corrected[1, 0] < 3 / 4
    assert result.complete


def test_padding_keeps_and_collapse_loses_the_rank(save: Save, small: dict[str, int]) -> None:
    good = [save(f"good{i}.pt", codes=5, noise=i + 1, angle=0.1 * i) for i in range(3)]
    padded = save("padded.pt", codes=10, dead=5, noise=2)
    collapsed = [save(f"collapsed{i}.pt", codes=5, dead=3, noise=i + 1) for i in range(2)]
    result = select([*collapsed, *good, padded], inactive="auto", activity_pairs=200, **small)
    order = [ranked.model for ranked in result.ranking]
    assert set(order[-2:]) == set(collapsed)
    scores = {ranked.model: ranked.score for ranked in result.ranking}
    assert scores[padded] == pytest.approx(scores[good[0]], abs=0.05)


def test_fewer_than_two_active_codes_give_no_score(save: Save, small: dict[str, int]) -> None:
    pool = [save("one.pt", codes=4, dead=3), save("a.pt", codes=4), save("b.pt", codes=4, angle=0.2)]
    result = select(pool, inactive="auto", activity_pairs=200, **small)
    last = result.ranking[-1]
    assert (last.model, last.score, last.codes) == (pool[0], None, 1)
    assert np.isnan(result.matrix[0]).all()
    assert np.isnan(result.matrix[:, 0]).all()
    assert not result.complete
    assert all(ranked.score is not None for ranked in result.ranking[:2])
    with pytest.raises(UsageError, match="fewer than two models have two active codes"):
        select(pool[:2], inactive="auto", activity_pairs=200, **small)
    with pytest.raises(UsageError, match="groups_per_code must be at least 2"):
        select(pool, inactive="auto", **{**small, "groups_per_code": 1})


def test_families_mix(save: Save, small: dict[str, int]) -> None:
    pool = [save("gan.pt"), save("vae.pt", kind="normal", codes=6, dead=3, noise=0), save("c.pt", angle=0.3)]
    result = select(pool, activity_pairs=200, **small)
    assert result.settings["inactive"] == "auto"
    assert result.settings["encode"] == "mean"
    assert result.corrected is not None
    # the prior of the autoencoder is wider, its codes are the same
    assert result.corrected[0, 1] == 1
    assert result.corrected[1, 0] == 1


def test_budget_searches_among_those_that_take_part(save: Save, small: dict[str, int]) -> None:
    pool = [save(f"{i}.pt", codes=4, noise=i % 3, angle=0.08 * i) for i in range(1, 13)]
    pool += [save(f"vae{i}.pt", kind="normal", codes=6, dead=2, noise=0, angle=0.1 * i) for i in range(3)]
    pool.insert(0, save("one.pt", codes=4, dead=3))
    options = {"activity_pairs": 200, "permutations": 5, **small}
    result = select(pool, budget=0.9, **options)
    assert result.settings["inactive"] == "auto"
    assert result.corrected is not None
    assert not result.complete
    assert result.ranking[-1].model == pool[0]
    assert result.ranking[-1].score is None
    assert result.details["evaluations"]["of"] == 15**2
    known = np.isfinite(result.matrix)
    np.testing.assert_array_equal(known, np.isfinite(result.corrected))
    assert not known[0].any()
    # the winner is among the best of the whole matrix
    exact = select(pool, budget="exact", **options)
    scores = {ranked.model: ranked.score for ranked in exact.ranking}
    assert exact.ranking[0].score - scores[result.selected] < 0.02

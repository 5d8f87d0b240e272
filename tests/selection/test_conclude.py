"""From findings to the outcome: lines of the ranking, and how sure the pick is."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from disentangle_cli.api.rank import select
from disentangle_cli.selection import Selection
from disentangle_cli.selection.conclude import (
    Standing,
    certainty_of,
    compared,
    conclude,
    medoid_probability,
)
from disentangle_cli.selection.ranking import median
from disentangle_cli.selection.selection import Task

Save = Callable[..., str]


def task_of(names: str, families: list[str] | None = None) -> Task:
    members = [
        SimpleNamespace(name=name, identity=name, family=family)
        for name, family in zip(names, families or ["gan"] * len(names), strict=True)
    ]
    return Task(cast(Any, SimpleNamespace(members=members, names=tuple(names))))


def concluded(task: Task, standing: Standing, codes: list[int]) -> Selection:
    n = len(codes)
    return conclude(task, "mine", np.zeros((n, n)), codes, standing)


def test_lines_of_a_ranking_with_ties_and_unknown_scores() -> None:
    standing = Standing(np.array([0.5, np.nan, 0.7, 0.5]), None, np.array([0.9, np.nan, 0.2, 0.1]))
    found = concluded(task_of("abcd", ["gan", "vae", "vae", "gan"]), standing, [5, 5, 4, 5])
    lines = [(r.model, r.rank, r.score, r.codes, r.family, r.balanced) for r in found.ranking]
    assert lines == [
        ("c", 1, 0.7, 4, "vae", 0.2),
        ("a", 2, 0.5, 5, "gan", 0.9),
        ("d", 3, 0.5, 5, "gan", 0.1),
        ("b", 4, None, 5, "vae", None),
    ]
    assert (found.selected, found.balanced, found.confidence) == ("c", "a", None)
    assert all(line.interval is None and line.medoid_probability is None for line in found.ranking)


def test_probabilities_and_words() -> None:
    scores = np.array([[0.9, 0.8, np.nan], [0.9, 0.9, np.nan], [0.7, 0.8, np.nan], [0.9, 0.8, np.nan]])
    np.testing.assert_allclose(medoid_probability(scores), [2.5 / 4, 1.5 / 4, 0])
    means = np.array([0.85, 0.825, np.nan])
    found = concluded(task_of("abc"), Standing(means, certainty_of(scores, ("models",))), [5, 5, 1])
    assert found.ranking[2].interval is None
    assert found.ranking[2].medoid_probability is None
    assert found.ranking[0].medoid_probability == 2.5 / 4
    assert "a cannot be told apart from b" in found.confidence["first_against_second"]["words"]
    apart = certainty_of(scores - [0, 0.5, 0], ("models",))
    summary = concluded(task_of("abc"), Standing(means, apart), [5, 5, 1]).confidence
    assert summary["first_against_second"]["told_apart"] is True
    assert "a scores higher than b" in summary["first_against_second"]["words"]


@pytest.mark.parametrize("centre", [None, median])
def test_models_alone_are_resampled_unless_a_method_knows_more(centre: Any) -> None:
    rng = np.random.default_rng(0)
    quality = np.array([0.9, 0.8, 0.6, 0.5, 0.4, 0.3])
    similarity = np.outer(quality, quality) + 0.05 * rng.random((6, 6))
    standing = compared(task_of("abcdef"), similarity, *([centre] if centre else []))
    found = concluded(task_of("abcdef"), standing, [3] * 6)
    assert found.confidence["resampled"] == ["models"]
    assert [line.model for line in found.ranking] == list("abcdef")
    assert found.ranking[0].medoid_probability > 0.5
    for line in found.ranking:
        assert line.interval[0] <= line.score <= line.interval[1]


def test_alike_and_unlike_models(save: Save, small: dict[str, int]) -> None:
    # models that differ by their noise only are equally good; the turned one is worse than all
    pool = [save(f"{noise}.pt", noise=noise, angle=0.05 * noise) for noise in range(1, 6)]
    pool.append(save("turned.pt", angle=0.8, read=0.2))
    for options in ({"inactive": "keep"}, {"inactive": "auto", "activity_pairs": 200, "permutations": 20}):
        result = select(pool, replicates=100, **small, **options)
        assert result.confidence is not None
        assert result.confidence["resampled"] == ["groups", "models"]
        assert result.confidence["first_against_second"]["told_apart"] is False
        assert sum(ranked.medoid_probability for ranked in result.ranking) == pytest.approx(1)
        assert result.ranking[-1].model == pool[-1]
        assert result.ranking[-1].medoid_probability < 0.05
        for ranked in result.ranking:
            low, high = ranked.interval
            assert low <= ranked.score <= high
        again = select(pool[::-1], replicates=100, **small, **options)
        ends = [{r.model: r.interval[side] for r in again.ranking} for side in (0, 1)]
        for side in (0, 1):
            assert ends[side] == pytest.approx({r.model: r.interval[side] for r in result.ranking})
    udr = select(pool, "udr-spearman", images=200, images_from="generated")
    assert udr.confidence["resampled"] == ["models"]


def test_small_pools_say_nothing(save: Save, small: dict[str, int]) -> None:
    pool = [save(f"{noise}.pt", noise=noise) for noise in range(1, 6)]
    result = select(pool, **small)
    assert result.confidence is None
    assert all(ranked.interval is None for ranked in result.ranking)
    assert result.to_json()["confidence"] is None
    # a sixth without a score does not make it six
    pool.append(save("one.pt", dead=2))
    assert select(pool, inactive="auto", activity_pairs=100, permutations=5, **small).confidence is None

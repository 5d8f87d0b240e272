"""From what any method found out to the outcome: the ranking, and how sure the pick is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.selection.bootstrap import draw_models, mean_replicates, median_replicates
from disentangle_cli.selection.ranking import (
    Centre,
    balanced_scores,
    best_first,
    central_scores,
    mean,
    median,
    number,
)
from disentangle_cli.selection.selection import Ranked, Selection, Task

LEAST = 6
"""Models with a score below which resampling the pool says nothing."""
LEVEL = 0.95
_ENDS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))
_TIE = 1e-12


@dataclass(frozen=True)
class Certainty:
    """How sure the scores of n models are.

    Attributes:
        intervals: (n, 2) ends of the 95% interval of each score, NaN where there is none.
        probability: (n,) in [0, 1], how often each model comes first.
        difference: two indices -> ends of the 95% interval of the difference of their scores.
        about: what else there is to say of it, as JSON types.
    """

    intervals: Doubles
    probability: Doubles
    difference: Callable[[int, int], tuple[float, float]]
    about: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """Where n models stand.

    Attributes:
        scores: (n,) higher is better, NaN for a model without a score.
        certainty: None for pools too small to tell.
        balanced: (n,) scores with one voice for each family, if they are known.
        similarity: (n, n) row i is what the others say about model i, if it is known.
    """

    scores: Doubles
    certainty: Certainty | None
    balanced: Doubles | None = None
    similarity: Doubles | None = None


def compared(
    task: Task,
    similarity: Doubles,
    centre: Centre = mean,
    resample: Callable[[Ints], Doubles] | None = None,
    resampled: tuple[str, ...] = ("models",),
) -> Standing:
    """Score each model by what all others say about it.

    Args:
        task: the pool, the seed and the number of replicates.
        similarity: (n, n) row i is what the others say about model i, NaN where nobody can tell.
        centre: how a row becomes a score: mean or median.
        resample: (R, m) indices of drawn models -> (R, n) scores of the resampled pools; None: only the
            models are drawn anew.
        resampled: what ``resample`` draws anew.
    """
    members = task.pool.members
    scores = central_scores(similarity, centre)
    scored = np.flatnonzero(~np.isnan(scores))
    certainty = None
    if len(scored) >= LEAST:
        drawn = draw_models([m.identity for m in members], scored, task.settings.replicates, task.seed)
        by_models = partial(median_replicates if centre is median else mean_replicates, similarity)
        certainty = certainty_of((resample or by_models)(drawn), resampled)
    balanced = balanced_scores(similarity, [member.family for member in members], centre)
    return Standing(scores, certainty, balanced, similarity)


def certainty_of(replicates: Doubles, resampled: tuple[str, ...]) -> Certainty:
    """From the scores (R, n) of resampled pools, NaN for a model without a score.

    Intervals hold the middle 95% of the replicates; their upper ends are 1 at most, as a deviation from a
    perfect score points down only.
    """
    ends = [(np.nan, np.nan) if np.isnan(column).all() else _interval(column) for column in replicates.T]
    return Certainty(
        intervals=np.minimum(ends, [np.inf, 1.0]),
        probability=medoid_probability(replicates),
        difference=lambda i, j: _interval(replicates[:, i] - replicates[:, j]),
        about={"replicates": len(replicates), "level": LEVEL, "resampled": list(resampled)},
    )


def medoid_probability(scores: Doubles) -> Doubles:
    """(n,) part of the replicates (R, n) in which each model scores highest; the parts add up to 1.

    A replicate with several best models counts in equal parts for each.
    """
    filled = np.where(np.isnan(scores), -np.inf, scores)
    best = filled >= filled.max(axis=1, keepdims=True) - _TIE
    shares: Doubles = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _interval(replicates: Doubles) -> tuple[float, float]:
    low, high = np.nanpercentile(replicates, _ENDS)
    return float(low), float(high)


def conclude(
    task: Task, method: str, matrix: Doubles, codes: list[int], standing: Standing, **more: Any
) -> Selection:
    """The outcome of a method for n models.

    Args:
        task: what it was given.
        method: its registered name.
        matrix: (n, n) raw scores of model i judged on model j, NaN where not evaluated.
        codes: the number of codes that counted, per model.
        standing: see :func:`compared`.
        more: ``axes``, ``corrected``, ``details``, ``votes`` and ``columns`` of :class:`Selection`.
    """
    names = task.pool.names
    order = best_first(standing.scores)
    return Selection(
        method=method,
        models=names,
        ranking=tuple(_line(task, standing, codes[i], i, rank) for rank, i in enumerate(order, start=1)),
        selected=names[order[0]],
        matrix=matrix,
        seed=task.seed,
        settings=task.settings.model_dump(),
        similarity=standing.similarity,
        balanced=None if standing.balanced is None else names[best_first(standing.balanced)[0]],
        confidence=_confidence(names, standing, *order[:2]),
        **more,
    )


def _line(task: Task, standing: Standing, codes: int, i: int, rank: int) -> Ranked:
    score, sure = number(standing.scores[i]), standing.certainty
    low, high = (None, None) if sure is None else map(number, sure.intervals[i])
    return Ranked(
        model=task.pool.names[i],
        score=score,
        rank=rank,
        codes=codes,
        family=task.pool.members[i].family,
        balanced=None if standing.balanced is None else number(standing.balanced[i]),
        interval=None if low is None or high is None else (low, high),
        medoid_probability=None if sure is None or score is None else float(sure.probability[i]),
    )


def _confidence(names: tuple[str, ...], standing: Standing, first: int, second: int) -> dict[str, Any] | None:
    """What is known about the pick, how it compares with the second best, and who may be as good."""
    sure = standing.certainty
    if sure is None:
        return None
    low, high = sure.difference(first, second)
    words = "scores higher than" if low > 0 else "cannot be told apart from"
    return {
        **sure.about,
        "first_against_second": {
            "first": names[first],
            "second": names[second],
            "difference": float(standing.scores[first]) - float(standing.scores[second]),
            "interval": [low, high],
            "told_apart": low > 0,
            "words": f"{names[first]} {words} {names[second]} (95% interval of the difference: "
            f"{low:+.3f} to {high:+.3f})",
        },
        "not_told_apart": [
            names[i]
            for i in best_first(standing.scores)
            if i != first and not np.isnan(standing.scores[i]) and sure.difference(first, i)[0] <= 0
        ],
    }

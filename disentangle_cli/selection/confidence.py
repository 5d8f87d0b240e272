"""How sure a pick is, from the scores of resampled pools."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection.selection import Ranked

LEAST = 6
"""Models with a score below which resampling the pool says nothing."""
LEVEL = 0.95
_ENDS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))
_TIE = 1e-12


@dataclass(frozen=True)
class Resampled:
    """Scores of resampled pools.

    Attributes:
        scores: (R, n) float64, NaN for a model without a score.
        what: what was drawn anew: ``groups`` and ``models``, or ``models`` alone.
    """

    scores: NDArray[np.float64]
    what: tuple[str, ...]


def with_confidence(
    ranking: Sequence[Ranked], names: Sequence[str], resampled: Resampled
) -> tuple[tuple[Ranked, ...], dict[str, Any]]:
    """The ranking with intervals and probabilities, and the comparison of the first with the second.

    Intervals hold the middle 95% of the replicates. A replicate with several best models counts in
    equal parts for each.
    """
    index = {name: i for i, name in enumerate(names)}
    probability = medoid_probability(resampled.scores)
    told = []
    for ranked in ranking:
        if ranked.score is None:
            told.append(ranked)
            continue
        i = index[ranked.model]
        low, high = _interval(resampled.scores[:, i])
        interval = low, min(high, 1.0)  # a deviation from a perfect score points down only
        told.append(replace(ranked, interval=interval, medoid_probability=float(probability[i])))
    first, second = ranking[0], ranking[1]
    pair = resampled.scores[:, index[first.model]] - resampled.scores[:, index[second.model]]
    low, high = _interval(pair)
    apart = low > 0
    words = "scores higher than" if apart else "cannot be told apart from"
    return tuple(told), {
        "replicates": len(resampled.scores),
        "level": LEVEL,
        "resampled": list(resampled.what),
        "first_against_second": {
            "first": first.model,
            "second": second.model,
            "difference": float(first.score or 0) - float(second.score or 0),
            "interval": [low, high],
            "told_apart": apart,
            "words": f"{first.model} {words} {second.model} (95% interval of the difference: "
            f"{low:+.3f} to {high:+.3f})",
        },
    }


def medoid_probability(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) part of the replicates (R, n) in which each model scores highest; the parts add up to 1."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    best = filled >= filled.max(axis=1, keepdims=True) - _TIE
    shares: NDArray[np.float64] = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _interval(replicates: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.nanpercentile(replicates, _ENDS)
    return float(low), float(high)

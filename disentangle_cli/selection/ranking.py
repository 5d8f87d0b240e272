"""From a matrix of pairwise scores to a ranking, and how far rankings agree; the first is the medoid.

Source: ModelCentrality (Lin et al., InfoGAN-CR and ModelCentrality, ICML 2020, section 4): with the
similarity A = (B + B^T) / 2 the score of a model is its mean similarity to the others. Read as a
distance, 1 - A makes the best model the medoid of the pool.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.selection.selection import Selection

Centre = Callable[[Sequence[float]], float]


def mean(values: Sequence[float]) -> float:
    """The mean; fsum rounds once, so that the order of the pool cannot break a tie."""
    return math.fsum(values) / len(values)


median: Centre = statistics.median


def symmetrised(matrix: Doubles) -> Doubles:
    """A = (B + B^T) / 2 of an (n, n) matrix; an entry known in one direction only stays NaN."""
    return (matrix + matrix.T) / 2


def central_scores(similarity: Doubles, centre: Centre = mean) -> Doubles:
    """The centre of each row of ``similarity`` (n, n) over the others j != i: (n,).

    The diagonal never counts; neither do entries that are NaN. A model without any is NaN.
    """
    return balanced_scores(similarity, ["all"] * len(similarity), centre)


def balanced_scores(similarity: Doubles, families: Sequence[str], centre: Centre = mean) -> Doubles:
    """Like :func:`central_scores`, taken within each family first and then averaged over the families.

    So every family has one voice, however many models it sends. A family of which nobody but the model
    itself is there has none.
    """
    scores = np.full(len(similarity), np.nan)
    for i, row in enumerate(similarity):
        voices: dict[str, list[float]] = {}
        for j, value in enumerate(row):
            if j != i and not math.isnan(value):
                voices.setdefault(families[j], []).append(float(value))
        if voices:
            scores[i] = mean([centre(values) for values in voices.values()])
    return scores


def best_first(scores: Doubles) -> list[int]:
    """Indices in descending score; equal scores in the order given, unknown (NaN) ones last."""
    order: list[int] = np.argsort(-scores, kind="stable").tolist()  # NaN sorts last
    return order


def number(value: float) -> float | None:
    """A float, None for NaN."""
    return None if math.isnan(value) else float(value)


def agreement(selections: Sequence[Selection]) -> dict[str, Any] | None:
    """The methods and the (m, m) matrix of taus between them, as JSON types; None for one method."""
    if len(selections) < 2:
        return None
    scores = [scores_of(selection) for selection in selections]
    return {
        "methods": [selection.method for selection in selections],
        "kendall_tau": [[kendall(a, b) for b in scores] for a in scores],
    }


def scores_of(selection: Selection) -> list[float | None]:
    """The scores in the order of ``selection.models``."""
    known = {ranked.model: ranked.score for ranked in selection.ranking}
    return [known[name] for name in selection.models]


def kendall(first: Sequence[float | None], second: Sequence[float | None]) -> float | None:
    """Kendall's tau-b (Kendall, The treatment of ties in ranking problems, 1945), from -1 to 1.

    A model without a score stands below all others. None where one side puts all models on a level.
    """
    from scipy.stats import kendalltau

    tau = float(kendalltau(_ranked_last(first), _ranked_last(second)).statistic)
    return None if tau != tau else tau


def _ranked_last(scores: Sequence[float | None]) -> list[float]:
    known = [score for score in scores if score is not None]
    lowest = min(known, default=0.0) - 1
    return [lowest if score is None else score for score in scores]

"""How far selection methods agree: Kendall's tau between their rankings."""

from collections.abc import Sequence
from typing import Any

from disentangle_cli.selection.selection import Selection


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

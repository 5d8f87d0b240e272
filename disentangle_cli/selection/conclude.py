"""From what the models say about each other to the outcome, the same way for every method."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection.bootstrap import draw_models
from disentangle_cli.selection.confidence import LEAST, Resampled, with_confidence
from disentangle_cli.selection.medoid import Centre, balanced_scores, central_scores, number, ranking
from disentangle_cli.selection.selection import Selection, Task
from disentangle_cli.selection.votes import CrossVotes

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Findings:
    """What a method found out about n models.

    Attributes:
        matrix: (n, n) raw scores of model i judged on model j.
        similarity: (n, n) row i is what the others say about model i; the diagonal never counts.
        centre: how a row becomes a score: mean or median.
        codes: the number of codes that counted, per model.
        resample: (R, m) indices of drawn models -> (R, n) scores of the resampled pools.
        resampled: what ``resample`` draws anew.
        axes: what an entry of the matrix is, in words.
        corrected, details, votes, columns: see :class:`Selection`.
    """

    matrix: Matrix
    similarity: Matrix
    centre: Centre
    codes: list[int]
    resample: Callable[[NDArray[np.int64]], Matrix]
    resampled: tuple[str, ...]
    axes: str
    corrected: Matrix | None = None
    details: dict[str, Any] = field(default_factory=dict)
    votes: CrossVotes | None = None
    columns: list[list[int]] | None = None


def concluded(task: Task, method: str, found: Findings) -> Selection:
    """Scores, ranking, the voice of each family, and how sure the pick is."""
    pool = task.pool
    families = [member.family for member in pool.members]
    scores = central_scores(found.similarity, found.centre)
    balanced = balanced_scores(found.similarity, families, found.centre)
    place = {name: i for i, name in enumerate(pool.names)}
    ranked = tuple(
        replace(r, family=families[place[r.model]], balanced=number(balanced[place[r.model]]))
        for r in ranking(pool.names, scores, found.codes)
    )
    confidence = None
    scored = np.flatnonzero(~np.isnan(scores))
    if len(scored) >= LEAST:
        identities = [member.identity for member in pool.members]
        drawn = draw_models(identities, scored, task.settings.replicates, task.seed)
        outcome = Resampled(found.resample(drawn), found.resampled)
        ranked, confidence = with_confidence(ranked, pool.names, outcome)
    return Selection(
        method=method,
        models=pool.names,
        ranking=ranked,
        selected=ranked[0].model,
        matrix=found.matrix,
        seed=task.seed,
        settings=task.settings.to_json(),
        corrected=found.corrected,
        axes=found.axes,
        similarity=found.similarity,
        balanced=ranking(pool.names, balanced, found.codes)[0].model,
        confidence=confidence,
        details=found.details,
        votes=found.votes,
        columns=found.columns,
    )

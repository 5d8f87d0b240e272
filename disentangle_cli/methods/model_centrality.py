"""ModelCentrality: the model whose encoder agrees most with the generators of the others, and back.

Source: Lin, Thekumparampil, Fanti, Oh, InfoGAN-CR and ModelCentrality (ICML 2020), section 4. With
``inactive="keep"`` the counts and rules are those of the official code: B[i, j] is the FactorVAE score
(plain, on its own votes) of encoder i on data that generator j makes, A = (B + B^T) / 2, and the score of
a model is the mean of its row of A without the diagonal. ``inactive="auto"`` makes models with
different numbers of codes comparable; ``docs/selection.md`` says how and why.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError
from disentangle_cli.output import progress, warn
from disentangle_cli.selection.activity import activity
from disentangle_cli.selection.bootstrap import group_changes, mean_replicates
from disentangle_cli.selection.budget import budgeted
from disentangle_cli.selection.conclude import Findings, concluded
from disentangle_cli.selection.confidence import LEAST
from disentangle_cli.selection.cross import cross_votes
from disentangle_cli.selection.judge import judged
from disentangle_cli.selection.medoid import mean, symmetrised
from disentangle_cli.selection.selection import METHODS, Selection, Task

Matrix = NDArray[np.float64]


@METHODS.register("model-centrality")
def model_centrality(task: Task) -> Selection:
    """Rank a pool by ModelCentrality.

    Raises:
        UsageError: ``auto`` finds fewer than two models with two active codes.
    """
    pool = task.pool
    settings = task.settings.resolved([member.family for member in pool.members], pool.device)
    task = replace(task, settings=settings)
    if len(pool) == 2:
        warn("two models always tie: each is compared with the other only; add a third")
    if settings.inactive == "keep":
        columns = played = [member.latents.code_columns for member in pool.members]
        details: dict[str, Any] = {}
    else:
        columns, details = _active(task)
        played = _played(task, columns)
    if settings.budget != "exact" and sum(map(bool, played)) >= LEAST:
        return budgeted(task, columns, played, details)
    votes = cross_votes(task, played)
    details["evaluations"] = {"spent": len(votes), "of": len(votes), "part": 1.0}
    scored = judged(task, columns, votes)
    matrix, scale = scored.raw, scored.scale
    comparable = None if settings.inactive == "keep" else scored.score
    similarity = symmetrised(scored.score)

    def resample(drawn: NDArray[np.int64]) -> Matrix:
        held_out = settings.inactive == "auto"
        changes = group_changes(votes, pool, settings.replicates, held_out, task.seed)
        return mean_replicates(similarity, drawn, changes, scale)

    found = Findings(
        matrix=matrix,
        similarity=similarity,
        centre=mean,
        codes=[len(codes) for codes in columns],
        resample=resample,
        resampled=("groups", "models"),
        axes="encoder (row) on generator (column)",
        corrected=comparable,
        details=details,
        votes=votes,
        columns=columns,
    )
    return concluded(task, "model-centrality", found)


def _active(task: Task) -> tuple[list[list[int]], dict[str, Any]]:
    """The active codes of each model (latent dimensions), and all activities for the document."""
    columns, activities = [], {}
    for member in progress(task.pool.members, desc="activity of codes", unit="model"):
        measured = activity(member, task)
        activities[member.name] = measured.tolist()
        active = np.flatnonzero(measured >= task.settings.activity_threshold)
        columns.append([member.latents.code_columns[code] for code in active])
    return columns, {"activity": activities}


def _played(task: Task, columns: list[list[int]]) -> list[list[int]]:
    """The codes that are held fixed: none of a model with fewer than two active ones, it has no choice."""
    if task.settings.groups_per_code < 2:
        raise UsageError("--inactive auto scores on held-out groups, so groups_per_code must be at least 2")
    played = [codes if len(codes) > 1 else [] for codes in columns]
    for member, codes in zip(task.pool.members, played, strict=True):
        if not codes:
            warn(f"{member.name} has fewer than two active codes; it is ranked last, without a score")
    if sum(map(bool, played)) < 2:
        raise UsageError("fewer than two models have two active codes or more; try --inactive keep")
    return played

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
from disentangle_cli.selection import _draws
from disentangle_cli.selection._activity import activity
from disentangle_cli.selection._base import METHODS, Selection, Task
from disentangle_cli.selection._bootstrap import group_changes, mean_replicates
from disentangle_cli.selection._chance import chance_accuracy, corrected, held_out_accuracy
from disentangle_cli.selection._conclude import Findings, concluded
from disentangle_cli.selection._cross import cross_votes
from disentangle_cli.selection._medoid import mean, symmetrised
from disentangle_cli.selection._votes import CrossVotes

Matrix = NDArray[np.float64]


@METHODS.register("model-centrality")
def model_centrality(task: Task) -> Selection:
    """Rank a pool by ModelCentrality.

    Raises:
        UsageError: ``auto`` finds fewer than two models with two active codes.
    """
    pool = task.pool
    settings = task.settings.resolved([member.family for member in pool.members])
    task = replace(task, settings=settings)
    if len(pool) == 2:
        warn("two models always tie: each is compared with the other only; add a third")
    if settings.inactive == "keep":
        columns = [member.latents.code_columns for member in pool.members]
        votes = cross_votes(task, columns)
        matrix, comparable = _official(votes, len(pool)), None
        scale = np.ones_like(matrix)
        details: dict[str, Any] = {}
    else:
        columns, details = _active(task)
        votes = cross_votes(task, _played(task, columns))
        matrix, comparable, scale = _comparable(votes, columns, task)
    similarity = symmetrised(matrix if comparable is None else comparable)

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


def _official(votes: CrossVotes, n: int) -> Matrix:
    return np.array([[votes[i, j].accuracy for j in range(n)] for i in range(n)])


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


def _comparable(votes: CrossVotes, columns: list[list[int]], task: Task) -> tuple[Matrix, Matrix, Matrix]:
    """Held-out accuracies, and the same corrected for chance and for the codes that one side lacks.

    Third, what a unit of accuracy adds to the corrected score.
    """
    members, n = task.pool.members, len(task.pool)
    raw, comparable, scale = (np.full((n, n), np.nan) for _ in range(3))
    for (i, j), pair in votes.items():
        rng = _draws.numpy_stream(task.seed, members[i].identity, members[j].identity, "permutations")
        raw[i, j] = held_out_accuracy(pair)
        sizes = len(columns[i]), len(columns[j])
        chance = chance_accuracy(pair, task.settings.permutations, rng)
        shared = min(sizes) / max(sizes)
        comparable[i, j] = corrected(raw[i, j], chance) * shared
        scale[i, j] = shared / (1 - chance) if chance < 1 else 0.0
    return raw, comparable, scale

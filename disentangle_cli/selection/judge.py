"""From the votes of pairs to their scores, under either rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection import draws
from disentangle_cli.selection.chance import Comparable, comparable
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import CrossVotes, Votes

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """(n, n) each, encoder on generator, NaN without votes; see :class:`Comparable`."""

    raw: Matrix
    score: Matrix
    scale: Matrix


def judged(task: Task, columns: list[list[int]], votes: CrossVotes) -> Judged:
    """Score all pairs that voted; ``columns`` are the codes of each model that count."""
    found = Judged(*(np.full((len(task.pool),) * 2, np.nan) for _ in range(3)))
    for (i, j), pair in votes.items():
        told = judge(task, columns, i, j, pair)
        found.raw[i, j], found.score[i, j], found.scale[i, j] = told.raw, told.score, told.scale
    return found


def judge(task: Task, columns: list[list[int]], i: int, j: int, votes: Votes) -> Comparable:
    """Score encoder i on generator j: by its own votes under ``keep``, else held out and corrected."""
    if task.settings.inactive == "keep":
        return Comparable(votes.accuracy, votes.accuracy, 1.0)
    members = task.pool.members
    rng = draws.numpy_stream(task.seed, members[i].identity, members[j].identity, "permutations")
    return comparable(votes, (len(columns[i]), len(columns[j])), task.settings.permutations, rng)

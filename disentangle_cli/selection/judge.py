"""From the votes of pairs to their scores, under either rule.

The official score is the accuracy of a majority classifier on its own votes: its chance level depends
on how many codes stand on both sides. Under ``auto`` the classifier is learnt on one half of the groups and
scored on the other, and what permuted labels reach is taken off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.selection import draws
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import NO_VOTE, Votes


def held_out_accuracy(votes: Votes, labels: Ints | None = None) -> float:
    """Accuracy in [0, 1] of the majority classifier on the groups it has not seen.

    Each half of the groups (even and odd repeats, so that labels are balanced) is scored by the classifier
    of the other. Groups without a vote, or with one that never won in the other half, are wrong.
    ``labels`` stand in for those of ``votes``. Needs two groups per code.
    """
    labels = votes.labels if labels is None else labels
    count = votes.num_labels
    odd = (np.arange(len(labels)) // count) % 2 == 1
    cast = votes.votes != NO_VOTE
    cells = votes.votes * count + labels
    hits = 0
    for half in (odd, ~odd):
        learnt = np.bincount(cells[~half & cast], minlength=len(votes.alive) * count).reshape(-1, count)
        prediction = np.where(learnt.any(axis=1), learnt.argmax(axis=1), NO_VOTE)
        scored = half & cast
        hits += int((prediction[votes.votes[scored]] == labels[scored]).sum())
    return hits / len(labels)


def chance_accuracy(votes: Votes, permutations: int, rng: np.random.Generator) -> float:
    """Mean of :func:`held_out_accuracy` over permutations of the labels of the same votes."""
    draws = [held_out_accuracy(votes, rng.permutation(votes.labels)) for _ in range(permutations)]
    return float(np.mean(draws))


def corrected(accuracy: float, chance: float) -> float:
    """(accuracy - chance) / (1 - chance): 0 at chance (below it negative), 1 for perfect votes."""
    return (accuracy - chance) / (1 - chance) if chance < 1 else float("nan")


@dataclass(frozen=True)
class Comparable:
    """The score of one pair.

    Attributes:
        raw: accuracy; under ``auto`` on held-out groups.
        score: the same, under ``auto`` corrected for chance and for the codes that one side lacks.
        scale: what a unit of accuracy adds to ``score``.
    """

    raw: float
    score: float
    scale: float


def judge(task: Task, columns: list[list[int]], i: int, j: int, votes: Votes) -> Comparable:
    """Score encoder i on generator j: by its own votes under ``keep``, else held out and corrected.

    ``columns`` are the codes of each model that count.
    """
    if task.settings.inactive == "keep":
        return Comparable(votes.accuracy, votes.accuracy, 1.0)
    members = task.pool.members
    rng = draws.numpy_stream(task.seed, members[i].identity, members[j].identity, "permutations")
    raw, chance = held_out_accuracy(votes), chance_accuracy(votes, task.settings.permutations, rng)
    fewer, more = sorted((len(columns[i]), len(columns[j])))
    scale = fewer / more / (1 - chance) if chance < 1 else 0.0
    return Comparable(raw, corrected(raw, chance) * (fewer / more), scale)


@dataclass(frozen=True)
class Judged:
    """(n, n) each, encoder on generator, NaN for pairs without a score; see :class:`Comparable`."""

    raw: Doubles
    score: Doubles
    scale: Doubles

    @classmethod
    def of(cls, n: int, pairs: Mapping[tuple[int, int], Comparable]) -> "Judged":
        """The scores of pairs of n models as matrices."""
        judged = cls(*(np.full((n, n), np.nan) for _ in range(3)))
        for pair, found in pairs.items():
            judged.raw[pair], judged.score[pair], judged.scale[pair] = found.raw, found.score, found.scale
        return judged

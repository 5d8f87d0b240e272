"""Which pairs ModelCentrality evaluates: all, or those that a search under a budget asks for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.output import log, progress
from disentangle_cli.selection import draws
from disentangle_cli.selection.bootstrap import group_changes, mean_replicates
from disentangle_cli.selection.conclude import LEAST, Certainty, Standing, compared
from disentangle_cli.selection.cross import cross_votes
from disentangle_cli.selection.judge import Comparable, Judged, judge
from disentangle_cli.selection.ranking import symmetrised
from disentangle_cli.selection.search import Found, find_medoid
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import CrossVotes

_PROBABILITY_DRAWS = 1000
_NINETY_FIVE = 1.96


@dataclass(frozen=True)
class Evaluated:
    """Pairs of a pool, and where its models stand by them.

    Attributes:
        votes: of the pairs.
        judged: their scores.
        standing: of all models.
        effort: how many evaluations that took, as JSON types.
    """

    votes: CrossVotes
    judged: Judged
    standing: Standing
    effort: dict[str, Any]


def evaluate_pairs(task: Task, columns: list[list[int]], played: Sequence[list[int]]) -> Evaluated:
    """Evaluate all pairs, or search for the medoid where the settings give a budget.

    Args:
        task: with resolved settings.
        columns: the codes that count, per model.
        played: those held fixed; none for a model that takes no part.
    """
    everything = part_of(task, sum(map(bool, played))) is None
    return (_all_pairs if everything else _searched)(task, columns, played)


def part_of(task: Task, players: int) -> float | None:
    """The part of the evaluations of so many models that may be spent; None where all pairs are evaluated."""
    budget = task.settings.budget
    if budget is None or budget == "exact" or players < LEAST:
        return None
    return budget_of(players, budget)


def _all_pairs(task: Task, columns: list[list[int]], played: Sequence[list[int]]) -> Evaluated:
    settings = task.settings
    votes = cross_votes(task, played)
    pairs = progress(votes.items(), desc="scores of pairs", unit="pairs")
    judged = Judged.of(len(task.pool), {(i, j): judge(task, columns, i, j, pair) for (i, j), pair in pairs})
    similarity = symmetrised(judged.score)

    def resample(drawn: Ints) -> Doubles:
        held_out = settings.inactive == "auto"
        changes = group_changes(votes, task.pool, settings.replicates, held_out, task.seed)
        return mean_replicates(similarity, drawn, changes, judged.scale)

    standing = compared(task, similarity, resample=resample, resampled=("groups", "models"))
    return Evaluated(votes, judged, standing, {"spent": len(votes), "of": len(votes), "part": 1.0})


def budget_of(n: int, budget: float | str) -> float:
    """The part of n^2 evaluations that may be spent.

    ``auto`` allows 10 for each model of 100, 20 of 1,000 and 40 of 10,000: more models need more
    evaluations each, as more of them are close to the best, but far from n times as many.
    """
    if budget == "auto":
        return min(1.0, 10 * math.pow(n / 100, 0.3) / n)
    return float(budget)


class PairOracle:
    """Evaluates pairs of the models in ``players``; the search counts these from 0.

    Keeps the votes and the score of every pair on the most groups that it was evaluated on.
    """

    def __init__(self, task: Task, columns: list[list[int]], players: Ints) -> None:
        self._task = task
        self._columns = columns
        self._players = players
        self.votes: CrossVotes = {}
        self.scores: dict[tuple[int, int], Comparable] = {}

    def __call__(self, pairs: Ints, part: float) -> Doubles:
        """See :class:`disentangle_cli.selection.search.Oracle`."""
        settings = self._task.settings.with_options(groups_per_code=self._groups(part))
        asked: list[tuple[int, int]] = [(int(i), int(j)) for i, j in self._players[pairs]]
        votes = cross_votes(replace(self._task, settings=settings), self._columns, asked)
        for i, j in asked:
            self.scores[i, j] = judge(self._task, self._columns, i, j, votes[i, j])
        self.votes |= votes
        return np.array([self.scores[pair].score for pair in asked])

    def cost(self, part: float) -> float:
        """Images that such an evaluation encodes over those of a full one."""
        return self._images(part) / self._images(1.0)

    def noise(self, scores: Doubles, part: float) -> Doubles:
        """That of a draw of groups without replacement from all; the corrected score stretches it."""
        codes = np.mean([len(self._columns[k]) for k in self._players])
        stretch = np.mean([pair.scale for pair in self.scores.values()])
        accuracy = np.clip(scores, 0.0, 1.0)
        noise: Doubles = accuracy * (1 - accuracy) * (1 - part) / (self._groups(part) * codes) * stretch**2
        return noise

    def _groups(self, part: float) -> int:
        least = 1 if self._task.settings.inactive == "keep" else 2
        return max(least, round(part * self._task.settings.groups_per_code))

    def _images(self, part: float) -> float:
        codes = float(np.mean([len(self._columns[k]) for k in self._players]))
        scale = self._task.settings.scale_images or draws.BLOCK
        return self._groups(part) * codes * self._task.settings.group_size + scale


def _searched(task: Task, columns: list[list[int]], played: Sequence[list[int]]) -> Evaluated:
    members, settings = task.pool.members, task.settings
    assert settings.budget is not None
    players = np.array([k for k, held in enumerate(played) if held])
    # references are drawn by content: neither names nor the order of the pool change what is evaluated
    players = players[np.argsort([members[k].identity for k in players])]
    n = len(players)
    oracle = PairOracle(task, columns, players)
    rng = draws.numpy_stream(task.seed, "references", *(members[k].identity for k in players))
    share = budget_of(n, settings.budget)
    found = find_medoid(n, oracle, rng, settings.confidence, settings.tolerance, share)
    standing = _standing(task, players, found)
    effort = {
        "spent": found.spent, "of": n * n, "part": found.spent / n**2, "pairs": len(oracle.scores),
        "rounds": found.rounds, "budget": share, "settled": found.settled,
    }  # fmt: skip
    more = "" if found.settled else "; the budget is spent (give more with --budget, or --exact for all)"
    log(
        f"spent {found.spent:,.0f} of {n * n:,} evaluations ({found.spent / n**2:.2%}): with probability "
        f"{found.confidence:.2f} no model is better by more than {settings.tolerance:g}{more}"
    )
    return Evaluated(oracle.votes, Judged.of(len(members), oracle.scores), standing, effort)


def _standing(task: Task, players: Ints, found: Found) -> Standing:
    scores, errors, probability = (np.full(len(task.pool), np.nan) for _ in range(3))
    # a model that met few references may seem better than the winner; it is not ranked before it
    most = found.scores[found.best]
    scores[players] = np.minimum(found.scores, np.nextafter(most, -np.inf))
    scores[players[found.best]] = most
    errors[players] = found.errors
    probability[players] = _probabilities(found, draws.numpy_stream(task.seed, "probabilities"))
    margin = _NINETY_FIVE * errors
    intervals = np.stack([scores - margin, scores + margin], axis=1)
    intervals[players[found.best]] = np.nan  # errors are those of the distance to the winner

    def difference(first: int, second: int) -> tuple[float, float]:
        apart = float(scores[first]) - float(scores[second])
        return apart - float(margin[second]), apart + float(margin[second])

    about = {
        "level": task.settings.confidence, "reached": found.confidence, "tolerance": task.settings.tolerance,
        "resampled": ["references"],
    }  # fmt: skip
    return Standing(scores, Certainty(intervals, probability, difference, about))


def _probabilities(found: Found, rng: np.random.Generator) -> Doubles:
    """(n,) how often each model comes first when the distances to the winner are drawn from their errors."""
    n = len(found.scores)
    drawn = (found.scores + found.errors * rng.standard_normal(n) for _ in range(_PROBABILITY_DRAWS))
    return np.bincount([scores.argmax() for scores in drawn], minlength=n) / _PROBABILITY_DRAWS

"""ModelCentrality under a budget: the search for the medoid, with real models as its oracle."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.output import log
from disentangle_cli.selection import draws
from disentangle_cli.selection.chance import Comparable
from disentangle_cli.selection.cross import cross_votes
from disentangle_cli.selection.judge import judge
from disentangle_cli.selection.medoid import ranking
from disentangle_cli.selection.search import Found, find_medoid
from disentangle_cli.selection.selection import Ranked, Selection, Task
from disentangle_cli.selection.votes import CrossVotes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PROBABILITY_DRAWS = 1000
_NINETY_FIVE = 1.96


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

    def __call__(self, pairs: Ints, part: float) -> Floats:
        """See :class:`disentangle_cli.selection.search.Oracle`."""
        settings = replace(self._task.settings, groups_per_code=self._groups(part))
        asked: list[tuple[int, int]] = [(int(i), int(j)) for i, j in self._players[pairs]]
        votes = cross_votes(replace(self._task, settings=settings), self._columns, asked)
        for i, j in asked:
            self.scores[i, j] = judge(self._task, self._columns, i, j, votes[i, j])
        self.votes |= votes
        return np.array([self.scores[pair].score for pair in asked])

    def cost(self, part: float) -> float:
        """Images that such an evaluation encodes over those of a full one."""
        return self._images(part) / self._images(1.0)

    def noise(self, scores: Floats, part: float) -> Floats:
        """That of a draw of groups without replacement from all; the corrected score stretches it."""
        codes = np.mean([len(self._columns[k]) for k in self._players])
        stretch = np.mean([told.scale for told in self.scores.values()])
        accuracy = np.clip(scores, 0.0, 1.0)
        noise: Floats = accuracy * (1 - accuracy) * (1 - part) / (self._groups(part) * codes) * stretch**2
        return noise

    def _groups(self, part: float) -> int:
        least = 1 if self._task.settings.inactive == "keep" else 2
        return max(least, round(part * self._task.settings.groups_per_code))

    def _images(self, part: float) -> float:
        codes = float(np.mean([len(self._columns[k]) for k in self._players]))
        scale = self._task.settings.scale_images or draws.BLOCK
        return self._groups(part) * codes * self._task.settings.group_size + scale


def budgeted(
    task: Task, columns: list[list[int]], played: Sequence[list[int]], details: dict[str, Any]
) -> Selection:
    """Search for the medoid instead of evaluating all pairs.

    Args:
        task: with resolved settings.
        columns: the codes that count, per model.
        played: those held fixed; none for a model that takes no part.
        details: what is known already.
    """
    pool, settings = task.pool, task.settings
    assert settings.budget is not None
    players = np.array([k for k, held in enumerate(played) if held])
    # references are drawn by content: neither names nor the order of the pool change what is evaluated
    players = players[np.argsort([pool.members[k].identity for k in players])]
    n = len(players)
    oracle = PairOracle(task, columns, players)
    rng = draws.numpy_stream(task.seed, "references", *(pool.members[k].identity for k in players))
    share = budget_of(n, settings.budget)
    found = find_medoid(n, oracle, rng, settings.confidence, settings.tolerance, share)
    ranked = _ranked(task, columns, players, found)
    evaluations = {
        "spent": found.spent, "of": n * n, "part": found.spent / n**2, "pairs": len(oracle.scores),
        "rounds": found.rounds, "budget": share, "settled": found.settled,
    }  # fmt: skip
    log(_told(evaluations, found, task))
    matrix, score = (np.full((len(pool), len(pool)), np.nan) for _ in range(2))
    for pair, told in oracle.scores.items():
        matrix[pair], score[pair] = told.raw, told.score
    return Selection(
        method="model-centrality",
        models=pool.names,
        ranking=ranked,
        selected=ranked[0].model,
        matrix=matrix,
        seed=task.seed,
        settings=settings.to_json(),
        corrected=None if settings.inactive == "keep" else score,
        confidence=_confidence(ranked, players, found, task),
        details={**details, "evaluations": evaluations},
        votes=oracle.votes,
        columns=columns,
    )


def _ranked(task: Task, columns: list[list[int]], players: Ints, found: Found) -> tuple[Ranked, ...]:
    members = task.pool.members
    scores, errors, probability = (np.full(len(members), np.nan) for _ in range(3))
    # a model that met few references may seem better than the winner; it is not ranked before it
    most = found.scores[found.best]
    scores[players] = np.minimum(found.scores, np.nextafter(most, -np.inf))
    scores[players[found.best]] = most
    errors[players] = found.errors
    probability[players] = _probabilities(found, draws.numpy_stream(task.seed, "probabilities"))
    place = {member.name: k for k, member in enumerate(members)}
    told = []
    for line in ranking(task.pool.names, scores, [len(codes) for codes in columns]):
        k = place[line.model]
        interval = None
        if line.score is not None and line.rank > 1:
            interval = line.score - _NINETY_FIVE * errors[k], line.score + _NINETY_FIVE * errors[k]
        chance = None if math.isnan(probability[k]) else float(probability[k])
        told.append(replace(line, family=members[k].family, interval=interval, medoid_probability=chance))
    return tuple(told)


def _probabilities(found: Found, rng: np.random.Generator) -> Floats:
    """(n,) how often each model comes first when the distances to the winner are drawn from their errors."""
    first = np.zeros(len(found.scores))
    for _ in range(_PROBABILITY_DRAWS):
        first[(found.scores + found.errors * rng.standard_normal(len(first))).argmax()] += 1
    return first / _PROBABILITY_DRAWS


def _confidence(ranked: Sequence[Ranked], players: Ints, found: Found, task: Task) -> dict[str, Any]:
    first, second = ranked[0], ranked[1]
    names = [task.pool.names[k] for k in players]
    error = _NINETY_FIVE * float(found.errors[names.index(second.model)])
    difference = float(first.score or 0) - float(second.score or 0)
    low, high = difference - error, difference + error
    words = "scores higher than" if low > 0 else "cannot be told apart from"
    return {
        "level": task.settings.confidence,
        "reached": found.confidence,
        "tolerance": task.settings.tolerance,
        "resampled": ["references"],
        "first_against_second": {
            "first": first.model,
            "second": second.model,
            "difference": difference,
            "interval": [low, high],
            "told_apart": low > 0,
            "words": f"{first.model} {words} {second.model} (95% interval of the difference: "
            f"{low:+.3f} to {high:+.3f})",
        },
    }


def _told(evaluations: dict[str, Any], found: Found, task: Task) -> str:
    more = "" if found.settled else "; the budget is spent (give more with --budget, or --exact for all)"
    return (
        f"spent {evaluations['spent']:,.0f} of {evaluations['of']:,} evaluations "
        f"({evaluations['part']:.2%}): with probability {found.confidence:.2f} no model is better by more "
        f"than {task.settings.tolerance:g}{more}"
    )

"""Finding the medoid of many models from few of their pairs.

Sources: correlated sequential halving (Baharav and Tse, Ultra Fast Medoid Identification via Correlated
Sequential Halving, NeurIPS 2019): all candidates are compared with the same random reference models, so that
what makes a reference easy or hard cancels in their differences; and the (epsilon, delta) form of best-arm
identification (Kalyanakrishnan and others, PAC Subset Selection in Stochastic Multi-armed Bandits, ICML
2012): only candidates that may still beat the leader are looked at again; without any the search ends.

Two ways of saving are combined. A pair is first evaluated on a part of its groups, as many references with a
few groups each tell more than few references with all; and most candidates meet a few references only.
Shapes: n models, R references so far, P pairs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints

PARTS = (0.1, 0.3, 1.0)
"""Parts of the groups that a pair is evaluated on; the next is taken when no reference is left."""
FIRST = 12
"""References of the first round, in which every model takes part."""
GROWTH = 1.5
"""Each round has this many times the references of the one before."""
PRIOR_WEIGHT = 4
"""The variance over all candidates counts as this many references of one candidate's own."""


class Oracle(Protocol):
    """Evaluates pairs of models, whole rounds at a time."""

    def __call__(self, pairs: Ints, part: float) -> Doubles:
        """(P, 2) encoder and generator -> (P,) scores on the first ``part`` of the groups."""

    def cost(self, part: float) -> float:
        """What one such evaluation costs, where a full one costs 1."""

    def noise(self, scores: Doubles, part: float) -> Doubles:
        """(P,) variance of ``scores`` around what all groups would give."""


@dataclass(frozen=True)
class Found:
    """What a search found out about n models.

    Attributes:
        best: the index of the winner.
        scores: (n,) estimated mean similarity of each model to all others.
        errors: (n,) standard error of the difference between a model's score and the winner's.
        confidence: probability in [0, 1] that no model's score is above the winner's by more than the
            tolerance: one minus the sum of what each rival has of it, so rather too low than too high.
        settled: whether that is what was asked for; else the budget ended the search.
        spent: evaluations in units of a full one.
        references: (n,) how many of the others each model was compared with.
        rounds: how often the oracle was asked.
    """

    best: int
    scores: Doubles
    errors: Doubles
    confidence: float
    settled: bool
    spent: float
    references: Ints
    rounds: int


@dataclass
class _Level:
    """Similarities known at one part of the groups.

    Attributes:
        part: of the groups.
        values: (n, R) similarity of each model to each reference, NaN where not evaluated.
        noise: (n, R) variance of ``values`` that comes from leaving groups out.
        met: (n,) how many of the references each model met; always the first ones.
    """

    part: float
    values: Doubles
    noise: Doubles
    met: Ints

    def widen(self, references: Ints) -> None:
        """Make room for these references, of which the first stand there already.

        What the new ones learnt as candidates is known of the others, too.
        """
        old = self.values.shape[1]
        added = np.full((len(self.met), max(0, len(references) - old)), np.nan)

        def widened(known: Doubles) -> Doubles:
            wide: Doubles = np.concatenate([known, added], axis=1)
            wide[references[:old], old:] = known[references[old:]].T
            return wide

        self.values, self.noise = widened(self.values), widened(self.noise)


def find_medoid(
    n: int,
    oracle: Oracle,
    rng: np.random.Generator,
    confidence: float = 0.95,
    tolerance: float = 0.005,
    budget: float = 1.0,
) -> Found:
    """Find the model with the highest mean similarity to the others, or one within ``tolerance`` of it.

    The similarity of two models is the mean of both directions, as in ModelCentrality.

    Args:
        n: number of models, at least 3.
        oracle: evaluates pairs.
        rng: draws the references.
        confidence: the search ends at this probability; see :class:`Found`.
        tolerance: difference of scores that does not matter.
        budget: part of the n^2 full evaluations that may be spent. The first round is always made.
    """
    search = _Search(n, oracle, rng.permutation(n))
    search.evaluate(search.steps(range(n)))
    while True:
        standing = search.standing(tolerance)
        settled = float(standing.risk.sum()) <= 1 - confidence
        rivals = [] if settled else _open(standing.risk, search.leader, 1 - confidence)
        steps = search.steps(rivals)
        # the last thing is to score the winner on all groups
        while steps and search.spent + search.price(steps) + 2 * FIRST > budget * n * n:
            rivals = rivals[: len(rivals) // 2]
            steps = search.steps(rivals)
        if not steps:
            return search.found(standing, settled)
        search.evaluate(steps)


@dataclass(frozen=True)
class _Step:
    """Pairs to evaluate at one level: models and columns (P,), and (n,) how many references each then met."""

    level: int
    rows: Ints
    columns: Ints
    goal: Ints


@dataclass(frozen=True)
class _Standing:
    """Where each model stands against the leader, (n,) each."""

    behind: Doubles
    errors: Doubles
    risk: Doubles


class _Search:
    def __init__(self, n: int, oracle: Oracle, order: Ints) -> None:
        self.n, self.oracle, self.order = n, oracle, order
        self.place = np.argsort(order)
        self.levels = [
            _Level(part, np.empty((n, 0)), np.empty((n, 0)), np.zeros(n, np.int64)) for part in PARTS
        ]
        self.leader = -1
        self.spent, self.rounds = 0.0, 0

    def steps(self, models: Iterable[int]) -> list[_Step]:
        """What to evaluate so that ``models`` meet more references, or all of them on more groups.

        The leader keeps up: it must know what its rivals know.
        """
        goals = [level.met.copy() for level in self.levels]
        for model in models:
            for level, goal in zip(self.levels, goals, strict=True):
                met = int(level.met[model])
                if met < self.n:
                    first = FIRST if level is self.levels[0] else self.n
                    goal[model] = min(self.n, max(first, math.ceil(GROWTH * met)))
                    break
        steps = []
        for number, (level, goal) in enumerate(zip(self.levels, goals, strict=True)):
            if self.leader >= 0:
                goal[self.leader] = goal.max()
            level.widen(self.order[: max(int(goal.max()), level.values.shape[1])])
            columns = np.arange(level.values.shape[1])
            changed = np.flatnonzero(goal > level.met)
            wanted = np.isnan(level.values[changed]) & (columns < goal[changed, None])
            wanted &= self.order[columns] != changed[:, None]
            rows, places = np.nonzero(wanted)
            if len(changed):
                steps.append(_Step(number, changed[rows], places, goal))
        return steps

    def price(self, steps: list[_Step]) -> float:
        """At most what ``steps`` cost."""
        return sum(2 * len(step.rows) * self.oracle.cost(self.levels[step.level].part) for step in steps)

    def evaluate(self, steps: list[_Step]) -> None:
        """Ask the oracle, each pair in both directions, and note the answers from both sides."""
        self.rounds += 1
        for step in steps:
            level = self.levels[step.level]
            level.met = step.goal
            if not len(step.rows):
                continue
            others = self.order[step.columns]
            keys = np.unique(np.minimum(step.rows, others) * self.n + np.maximum(step.rows, others))
            first, second = np.divmod(keys, self.n)
            forth, back = np.stack([first, second], axis=1), np.stack([second, first], axis=1)
            scores = self.oracle(np.concatenate([forth, back]), level.part)
            noise = self.oracle.noise(scores, level.part)
            self.spent += len(scores) * self.oracle.cost(level.part)
            similarity, doubt = scores.reshape(2, -1).mean(axis=0), noise.reshape(2, -1).mean(axis=0) / 2
            for model, other in ((first, second), (second, first)):
                seen = self.place[other] < level.values.shape[1]
                level.values[model[seen], self.place[other[seen]]] = similarity[seen]
                level.noise[model[seen], self.place[other[seen]]] = doubt[seen]

    def standing(self, tolerance: float) -> _Standing:
        """Compare all models with the leader: the best of those that met the most."""
        met = np.stack([level.met for level in self.levels])
        most = met[:, np.lexsort(met)[-1]]
        equals = np.flatnonzero((met == most[:, None]).all(axis=0))
        level = self.levels[int(np.flatnonzero(most)[-1])]
        values = level.values[equals, : level.met[equals[0]]]
        self.leader = int(equals[np.nanmean(values - np.nanmean(values, axis=0), axis=1).argmax()])
        return self._against(self.leader, tolerance)

    def _against(self, leader: int, tolerance: float) -> _Standing:
        behind, errors, risk = np.zeros(self.n), np.zeros(self.n), np.zeros(self.n)
        for level in self.levels:  # a later level knows better
            known = np.flatnonzero(level.met)
            known = known[known != leader]
            if len(known) and level.met[leader]:
                compared = _compare(level, known, leader, self.n)
                behind[known], errors[known] = compared[:2]
                risk[known] = _tail(behind[known] + tolerance, *compared[1:])
        return _Standing(behind, errors, risk)

    def found(self, standing: _Standing, settled: bool) -> Found:
        """The outcome."""
        return Found(
            best=self.leader,
            scores=self._own_score() - standing.behind,
            errors=standing.errors,
            confidence=max(0.0, 1 - float(standing.risk.sum())),
            settled=settled,
            spent=self.spent,
            references=np.max([level.met for level in self.levels], axis=0),
            rounds=self.rounds,
        )

    def _own_score(self) -> float:
        """The leader's score.

        With few groups majorities are found by chance, so some of its pairs are evaluated on all of them, and
        the difference to the same pairs before is taken off.
        """
        best, whole = self.leader, self.levels[-1]
        known = [level for level in self.levels if level.met[best]][-1]
        own = known.values[best]
        score = float(np.nanmean(own))
        if known is whole:
            return score
        whole.widen(self.order[: max(FIRST, whole.values.shape[1])])
        columns = np.arange(min(self.n, FIRST))
        columns = columns[self.order[columns] != best]
        goal = whole.met.copy()
        goal[best] = len(columns)
        self.evaluate([_Step(len(self.levels) - 1, np.full(len(columns), best), columns, goal)])
        return score + float((whole.values[best, columns] - own[columns]).mean())


def _compare(level: _Level, models: Ints, leader: int, n: int) -> tuple[Doubles, Doubles, Doubles]:
    """How far each of ``models`` is behind the leader on the references that it met.

    Pairs that are known beyond those, because a rival is a reference, are no random choice and do not count.
    Returns the mean difference, its standard error and its degrees of freedom.
    """
    mean, squares, doubt, m = (np.empty(len(models)) for _ in range(4))
    for met in np.unique(level.met[models]):
        these = np.flatnonzero(level.met[models] == met)
        rows = models[these]
        differences = level.values[leader, :met] - level.values[rows, :met]
        known = ~np.isnan(differences)  # a model is not compared with itself
        m[these] = count = known.sum(axis=1)
        mean[these] = np.where(known, differences, 0).sum(axis=1) / count
        squares[these] = (np.where(known, differences - mean[these, None], 0) ** 2).sum(axis=1)
        noise = level.noise[leader, :met] + level.noise[rows, :met]
        doubt[these] = np.where(known, noise, 0).sum(axis=1) / count
    degrees = m - 1 + PRIOR_WEIGHT
    variance = (squares + PRIOR_WEIGHT * np.median(squares / (m - 1))) / degrees
    # references are drawn without replacement: once all were met, only the noise of their groups is left
    between = np.maximum(variance - doubt, 0) * np.clip(1 - m / (n - 2), 0, 1)
    return mean, np.sqrt((between + doubt) / m), degrees


def _tail(distance: Doubles, errors: Doubles, freedom: Doubles) -> Doubles:
    """Probability that the true distance is below 0, by Student's t."""
    from scipy.stats import t

    with np.errstate(divide="ignore", invalid="ignore"):
        tails: Doubles = t.sf(distance / errors, freedom)
    return np.where(errors > 0, tails, distance < 0).astype(np.float64)


def _open(risk: Doubles, leader: int, allowed: float) -> list[int]:
    """The models to look at again, worst first: those that hold most of the risk.

    What is left out has at most half of what is allowed together, or a quarter of what there is.
    """
    ascending = np.argsort(risk, kind="stable")
    left_out = np.cumsum(risk[ascending]) <= max(allowed / 2, risk.sum() / 4)
    chosen: list[int] = ascending[~left_out][::-1].tolist()
    return [model for model in chosen if model != leader]

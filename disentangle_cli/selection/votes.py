"""The FactorVAE vote: which code moved least in a group of images that share one latent.

Source: Kim and Mnih, Disentangling by Factorising (ICML 2018), section 4, in the form that
ModelCentrality uses: standard deviations (ddof 0), no pruning, and a majority classifier scored on
its own votes. A vote compares the spread of each code within a group with its spread over the prior. That
scale is known up to a standard error; where two codes are nearly tied, it decides who gets the vote. So the
error is carried through to what counts, the accuracy of the votes.
"""

from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Floats, Ints

NO_VOTE = -1
# below this part of its own size (or of the widest code) a spread is rounding noise: the code is dead
DEAD = 1e-6
SCALE_IMAGES = 73_728
"""The official number, and the most that are used."""
_VOTES = 1.5
_DRAWS = 16


class Spread:
    """Mean and standard deviation (ddof 0) per code over chunks of codes, without keeping them.

    Merges chunks by Chan, Golub and LeVeque's update in float64, and central moments up to the fourth by
    Pébay's (Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order Statistical
    Moments, 2008, section 1).
    """

    def __init__(self, num_codes: int) -> None:
        self.count = 0
        self.mean = np.zeros(num_codes)
        self._squares, self._cubes, self._fourths = (np.zeros(num_codes) for _ in range(3))

    def add(self, codes: Floats) -> None:
        """Take in ``codes``: (n, K)."""
        chunk = codes.astype(np.float64)
        before, new = self.count, len(chunk)
        total = before + new
        with np.errstate(invalid="ignore", over="ignore"):  # codes that are not finite end as NaN: no votes
            mean = chunk.mean(axis=0)
            centred = chunk - mean
            squares, cubes, fourths = ((centred**power).sum(axis=0) for power in (2, 3, 4))
            shift = mean - self.mean
            self._fourths += (
                fourths
                + shift**4 * (before * new * (before**2 - before * new + new**2) / total**3)
                + 6 * shift**2 * (before**2 * squares + new**2 * self._squares) / total**2
                + 4 * shift * (before * cubes - new * self._cubes) / total
            )
            self._cubes += (
                cubes
                + shift**3 * (before * new * (before - new) / total**2)
                + 3 * shift * (before * squares - new * self._squares) / total
            )
            self._squares += squares + shift**2 * (before * new / total)
            self.mean += shift * (new / total)
        self.count = total

    @property
    def std(self) -> Doubles:
        """(K,) standard deviation; 0 for a code that is constant up to rounding, NaN for one not finite."""
        std = np.sqrt(self._squares / max(self.count, 1))
        widest = np.nanmax(std, initial=0.0)
        size = np.maximum(np.sqrt(std**2 + self.mean**2), widest)
        return np.where(std <= DEAD * size, 0.0, std)

    @property
    def error(self) -> Doubles:
        """(K,) relative standard error of ``std``: sqrt((kurtosis - 1) / n) / 2; 0 for a dead code."""
        with np.errstate(invalid="ignore", divide="ignore"):
            kurtosis = self._fourths * self.count / self._squares**2
            error = np.sqrt(np.maximum(kurtosis - 1, 0) / self.count) / 2
        return np.where(self.std > 0, error, 0.0)


@dataclass(frozen=True)
class Votes:
    """How one encoder voted on the groups of one generator.

    Attributes:
        votes: (M,) the encoder's code that moved least in each group, or -1 for no vote.
        labels: (M,) the generator's code that was held fixed.
        alive: (K,) whether the encoder's code varies at all on the generator's images.
        scale_images: how many images gave the scale of the codes.
    """

    votes: Ints
    labels: Ints
    alive: Bools
    scale_images: int = 0

    @property
    def num_labels(self) -> int:
        """The number of the generator's codes that were held fixed."""
        return int(self.labels.max()) + 1

    def counts(self) -> Ints:
        """(K, number of labels) how often each code won for each fixed code."""
        table = np.zeros((len(self.alive), self.num_labels), dtype=np.int64)
        cast = self.votes != NO_VOTE
        np.add.at(table, (self.votes[cast], self.labels[cast]), 1)
        return table

    @property
    def accuracy(self) -> float:
        """Majority accuracy in [0, 1]: each code stands for the label it won most often; no vote is wrong."""
        return int(self.counts().max(axis=1, initial=0).sum()) / len(self.votes)


CrossVotes = dict[tuple[int, int], Votes]
"""The votes of encoder i on generator j under (i, j); models that take no part are missing."""


def cast_votes(group_std: Doubles, scale: Doubles) -> Ints:
    """(M,) the code of least relative spread in each group; the first of equals.

    Args:
        group_std: (M, K) standard deviation of each code within each group.
        scale: (K,) standard deviation of each code over the prior; codes of scale 0 or NaN are dead and
            take no vote, which gives neither warning nor NaN.
    """
    alive = scale > 0
    ratio = np.full(group_std.shape, np.inf)
    ratio[:, alive] = group_std[:, alive] / scale[alive]
    ratio[np.isnan(ratio)] = np.inf
    votes = ratio.argmin(axis=1)
    return np.where(np.isfinite(ratio.min(axis=1)), votes, NO_VOTE)


def scale_matters(group_std: Doubles, spread: Spread, labels: Ints) -> bool:
    """Whether the error of the scale still moves the accuracy by more than the votes of 1.5 groups.

    That is the root mean square change of the accuracy over scales drawn from their errors: 0.003 at the
    official counts. The score of a model averages 2 (n - 1) such pairs, whose errors are independent.

    Args:
        group_std: (M, K) standard deviation of each code within each group.
        spread: of the codes over the prior so far.
        labels: (M,) which code was held fixed.
    """
    std, error = spread.std, spread.error
    alive = std > 0
    accuracy = Votes(cast_votes(group_std, std), labels, alive).accuracy
    changes = []
    for draw in np.random.default_rng(0).standard_normal((_DRAWS, len(std))):
        moved = cast_votes(group_std, std * np.exp(error * draw))
        changes.append(Votes(moved, labels, alive).accuracy - accuracy)
    return float(np.mean(np.square(changes))) > (_VOTES / len(labels)) ** 2


def time_to_look(blocks: int) -> bool:
    """Whether to ask again after so many blocks of images: 1, 2, 3, 4, 6, 8, 12, 16, 24, ..."""
    rest = blocks // 3 if blocks % 3 == 0 else blocks
    return rest & (rest - 1) == 0

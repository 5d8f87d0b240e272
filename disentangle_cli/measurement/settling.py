"""Which votes are settled before all images of a group were encoded.

A vote goes to the code of least relative spread in its group. After n of N images two codes differ by
D = log(s_k^2 / s_a^2), where s is the spread relative to that over the prior, and a the least so far. The
influence of image i on D is r_ik - r_ia, r being the squared deviation from the group's mean over its mean;
so D after n images lies around D after all N with the variance var(r_k - r_a) (1/n - 1/N), to which the
errors of both scales come. A vote is settled once Student's t gives all other codes together less than a
small probability to end below.

Source of the idea: sequential tests with a corrected number of looks (Wald, Sequential Tests of Statistical
Hypotheses, 1945; Bonferroni's inequality over looks and codes).
"""

import numpy as np
from scipy import stats

from disentangle_cli.arraytypes import Bools, Doubles

ERROR = 1e-3
"""Probability that a settled vote is not that of all images, over all looks together."""
LEAST = 1.0
"""The variance of the influence is taken as at least this (two independent normal codes have 4): codes of two
values have none where both are equally frequent, and a few images may look like that by chance."""
_FIRST = 16
_GROWTH = 1.5


def looks(size: int) -> list[int]:
    """Numbers of images after which a group of ``size`` is looked at: 16, 24, 36, ... and ``size``."""
    found, images = [], float(_FIRST)
    while images * _GROWTH <= size:
        found.append(int(images))
        images *= _GROWTH
    return [*found, size]


def settled(codes: Doubles, size: int, scale: Doubles, error: Doubles) -> Bools:
    """(M,) whether the vote of each group will stay what it is now.

    Args:
        codes: (M, n, K) codes of the first n images of each group.
        size: how many images a group has in all, N.
        scale: (K,) standard deviation of each code over the prior; 0 or NaN for a dead code, which takes no
            vote and settles none.
        error: (K,) relative standard errors of ``scale``.
    """
    alive = scale > 0
    groups, n = codes.shape[:2]
    if n == size or not alive.any():
        return np.ones(groups, dtype=bool)
    relative = codes[:, :, alive] / scale[alive]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        squares = (relative - relative.mean(axis=1, keepdims=True)) ** 2
        spread = squares.mean(axis=1)
        least = spread.argmin(axis=1)[:, None]
        influence = squares / spread[:, None]
        against = influence - np.take_along_axis(influence, least[:, None], axis=2)
        variance = np.maximum(against.var(axis=1, ddof=1), LEAST) * (1 / n - 1 / size)
        variance += 4 * (error[alive] ** 2 + error[alive][least] ** 2)
        distance = np.log(spread / np.take_along_axis(spread, least, axis=1))
        risk = stats.t.sf(distance / np.sqrt(variance), n - 1)
    np.put_along_axis(risk, least, 0.0, axis=1)
    # codes that are not finite, or constant in a group so far, give NaN: all images decide then
    return np.asarray(risk.sum(axis=1) <= ERROR / (len(looks(size)) - 1))

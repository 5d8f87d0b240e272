"""From a (codes, factors) matrix to a score, shared by several metrics."""

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats
from disentangle_cli.measurement.metric import Undefined


def top_two_gap(matrix: Floats) -> Doubles:
    """Per factor, the largest entry minus the second largest: (K, F) -> (F,).

    Raises:
        Undefined: there is only one code, so that no second exists.
    """
    if len(matrix) < 2:
        raise Undefined("the gap between the best and the second code needs at least two codes")
    ordered = np.sort(matrix, axis=0)
    gap: Doubles = ordered[-1] - ordered[-2]
    return gap


def standardised(x: Floats, like: Floats | None = None) -> Doubles:
    """Columns of ``x`` without the mean and standard deviation (ddof 0) of those of ``like``.

    ``like`` is ``x`` itself by default. A constant column is only centred.
    """
    like = np.asarray(x if like is None else like, np.float64)
    scale = np.where(np.ptp(like, axis=0) > 0, like.std(axis=0), 1.0)
    result: Doubles = (np.asarray(x, np.float64) - like.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    return result

"""From a matrix of pairwise scores to a ranking; the first is the medoid.

Source: ModelCentrality (Lin et al., InfoGAN-CR and ModelCentrality, ICML 2020, section 4): with the
similarity A = (B + B^T) / 2 the score of a model is its mean similarity to the others. Read as a
distance, 1 - A makes the best model the medoid of the pool.
"""

import math

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection._base import Ranked


def symmetrised(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A = (B + B^T) / 2 of an (n, n) matrix; an entry known in one direction only stays NaN."""
    return (matrix + matrix.T) / 2


def central_scores(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of A[i, j] over the others j != i: (n,) from the (n, n) raw scores B.

    The diagonal never counts; neither do entries that are NaN. A model without any is NaN.
    """
    similarity = symmetrised(matrix)
    np.fill_diagonal(similarity, np.nan)
    scores = np.full(len(similarity), np.nan)
    for i, row in enumerate(similarity):
        known = row[~np.isnan(row)]
        if known.size:
            # fsum rounds once, so that the order of the pool cannot break a tie
            scores[i] = math.fsum(known) / known.size
    return scores


def ranking(names: tuple[str, ...], scores: NDArray[np.float64], codes: list[int]) -> tuple[Ranked, ...]:
    """Models in descending score; equal scores in the order given, unknown (NaN) ones last."""
    order = np.argsort(-scores, kind="stable")  # NaN sorts last
    return tuple(
        Ranked(names[i], None if math.isnan(scores[i]) else float(scores[i]), rank, codes[i])
        for rank, i in enumerate(order, start=1)
    )

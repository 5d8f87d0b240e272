"""Wasserstein distance of a Gaussian fitted to the codes from one with independent codes."""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.derived.covariance import Covariance
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, metric


@metric(
    drawn=TRAINING_ROWS,
    parts={"normalised": "number"},
    bounds=(0.0, float("inf")),
    higher_is_better=False,
)
def gaussian_wasserstein_correlation(covariance: Covariance) -> Result:
    """How far the codes are from uncorrelated, in their own units.

    Squared 2-Wasserstein distance between Gaussians of covariance C and diag(C):
    2 tr C - 2 tr sqrt(diag(C) C); no labels. From 0, no upper end. Locatello et al. 2019, appendix. Parts:
    ``normalised`` (divided by tr C, from 0 to 2, free of scale), ``active_codes``. Null with fewer than two
    codes that vary.

    Known biases: grows with the square of the codes' scale (quote ``normalised``); linear correlation only.
    """
    distance = wasserstein(covariance.matrix)
    return {
        "score": distance,
        "normalised": distance / float(np.trace(covariance.matrix)),
        "active_codes": covariance.active,
    }


def wasserstein(matrix: Doubles) -> float:
    """(K, K) covariance -> squared distance from its own diagonal."""
    scale = np.sqrt(np.diag(matrix))
    # similar to diag(C) C, and symmetric: the eigenvalues of both are the same
    eigenvalues = np.linalg.eigvalsh(matrix * np.outer(scale, scale))
    root = np.sqrt(np.clip(eigenvalues, 0.0, None)).sum()
    return max(float(2 * np.trace(matrix) - 2 * root), 0.0)

"""Total correlation of a Gaussian fitted to the codes."""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.derived.covariance import Covariance
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric


@metric(drawn=TRAINING_ROWS, bounds=(0.0, float("inf")), higher_is_better=False)
def gaussian_total_correlation(covariance: Covariance) -> Result:
    """How far the codes are from independent, if they were Gaussian.

    (sum of log variances - log det of the covariance) / 2 in nats; no labels. From 0 (uncorrelated), no upper
    end. Locatello et al. 2019, section 5.2 and appendix. Constant codes are left out. Part: ``active_codes``.
    Null when codes are linearly dependent (infinite) and with fewer than two codes that vary.

    Known biases: blind to anything that is not a linear correlation; a collapsed code of tiny noise counts
    like any other.
    """
    return {"score": total_correlation(covariance.matrix), "active_codes": covariance.active}


def total_correlation(matrix: Doubles) -> float:
    """(K, K) covariance -> nats.

    Raises:
        Undefined: the matrix is singular.
    """
    scale = np.sqrt(np.diag(matrix))
    # of the correlation matrix: the variances cancel, and its determinant does not underflow
    sign, logarithm = np.linalg.slogdet(matrix / np.outer(scale, scale))
    if sign <= 0 or not np.isfinite(logarithm) or logarithm < -30 * len(matrix):
        raise Undefined("the codes are linearly dependent: their total correlation is infinite")
    return max(float(-0.5 * logarithm), 0.0)

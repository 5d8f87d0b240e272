"""DCIMIG, also called 3CharM."""

import numpy as np

from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric


@metric(drawn=TRAINING_ROWS, parts={"per_factor": "factors"})
def dcimig(mutual_information: Information, parts: Parts) -> Result:
    """How much of all factor information lies in codes that serve one factor only.

    Each code stands for the factor it tells most about, with the gap of its two largest informations as its
    weight; a factor gets the largest weight among its codes (0 without one); score = sum of these over
    factors / sum of the factors' entropies. From 0 to 1. Sepliarskaia et al. 2019 (How to not measure
    disentanglement), section 5. Parts: ``per_factor`` (F', weight / entropy), ``left_out``. Null with one
    factor.

    Known biases: a factor of high entropy counts for more; equal-width bins fear outliers; duplicated codes
    are not punished.
    """
    matrix, entropy = mutual_information.matrix, mutual_information.entropy
    if matrix.shape[1] < 2:
        raise Undefined("the gap over factors needs at least two factors with more than one value")
    weight = np.zeros(matrix.shape[1])
    np.maximum.at(weight, matrix.argmax(axis=1), top_two_gap(matrix.T))
    return {
        "score": float(np.clip(weight.sum() / entropy.sum(), 0.0, 1.0)),
        "per_factor": (weight / entropy).tolist(),
        "left_out": parts.left_out,
    }

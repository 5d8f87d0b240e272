"""Joint entropy minus the mutual information gap."""

from typing import Annotated

import numpy as np

from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, metric


@metric(drawn=TRAINING_ROWS, parts={"raw": "number", "per_factor": "factors"})
def jemmig(
    mutual_information: Information, parts: Parts, *, bins: Annotated[int, "Equal-width bins per code."] = 20
) -> Result:
    """Whether one code tells each factor and holds nothing else.

    Per factor J = H(code, factor) - (I_1 - I_2) in nats, with the code of largest information I_1 and the
    second largest I_2; score = mean over factors of 1 - J / (log bins + H(factor)). From 0 to 1. Do and Tran
    2020 (Theory and evaluation metrics for learning disentangled representations), section 3.4: JEMMIG and
    its normalised form. Parts: ``raw`` (mean J in nats, low is good), ``per_factor`` (F', normalised),
    ``left_out``. One code alone: null.

    Known biases: 1 is out of reach with as many bins as here, because a code that copies a factor of few
    values still leaves H(factor) in J; the choice of bins moves it; equal-width bins fear outliers.
    """
    matrix, factor_entropy = mutual_information.matrix, mutual_information.entropy
    gap = top_two_gap(matrix)
    best = matrix.argmax(axis=0)
    joint = mutual_information.code_entropy[best] + factor_entropy - matrix.max(axis=0)
    raw = joint - gap
    per_factor = np.clip(1 - raw / (np.log(bins) + factor_entropy), 0.0, 1.0)
    return {
        "score": float(per_factor.mean()),
        "raw": float(raw.mean()),
        "per_factor": per_factor.tolist(),
        "left_out": parts.left_out,
    }

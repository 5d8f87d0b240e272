"""Mean pairwise mutual information of the codes."""

import itertools
from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.derived.mutual_information import discretise, pair_information
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric


@metric(
    drawn=TRAINING_ROWS,
    parts={"matrix": "codes x codes"},
    bounds=(0.0, float("inf")),
    higher_is_better=False,
)
def mutual_info_score(
    learning_codes: Doubles, *, bins: Annotated[int, "Equal-width bins per code."] = 20
) -> Result:
    """How much the codes tell about each other.

    Mean over pairs of codes of their mutual information in nats, each cut into ``bins`` equal-width bins; no
    labels. From 0 to log ``bins``. Locatello et al. 2019, section 5.2. Part: ``matrix`` (K, K), the diagonal
    being each code's own entropy. Null with one code.

    Known biases: upwards by about (bins - 1)^2 / 2N nats; a constant code tells nothing and lowers it.
    """
    if bins < 2:
        raise Undefined("mutual information needs at least two bins")
    width = learning_codes.shape[1]
    if width < 2:
        raise Undefined("needs at least two codes")
    binned = discretise(learning_codes, bins).T
    matrix = np.zeros((width, width))
    for i, j in itertools.combinations_with_replacement(range(width), 2):
        matrix[i, j] = matrix[j, i] = pair_information(binned[i], binned[j])
    others = matrix[~np.eye(width, dtype=bool)]
    return {"score": float(others.mean()), "matrix": matrix.tolist()}

"""Whether generated images cover the classes evenly."""

import numpy as np

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, metric


@metric(
    parts={"counts": "list"},
    bounds=(0.0, float("inf")),
    higher_is_better=False,
    cost="generating; once: training a classifier",
)
def mode_kl(class_probabilities: Floats) -> Result:
    """How uneven the classes of generated images are.

    KL(frequencies of the likeliest class || uniform) in nats from ``class_probabilities`` (n, C). From 0 to
    log C. As in the InfoGAN-CR code; see ``inception_score`` for the classifier. Part: ``counts`` (C,).

    Known biases: right only for data sets whose classes are equally frequent, as in a full grid.
    """
    width = class_probabilities.shape[1]
    counts = np.bincount(class_probabilities.argmax(axis=1), minlength=width)
    share = counts[counts > 0] / counts.sum()
    return {"score": max(float((share * np.log(share * width)).sum()), 0.0), "counts": counts.tolist()}

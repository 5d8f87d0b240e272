"""Inception score of a classifier trained on the data set."""

import numpy as np

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, metric


@metric(
    parts={"std_log": "number"},
    bounds=(1.0, float("inf")),
    cost="generating; once: training a classifier",
)
def inception_score(class_probabilities: Floats) -> Result:
    """Whether generated images are recognisable and spread over the classes.

    exp(mean over images of KL(p(y|x) || mean p(y|x))) from ``class_probabilities`` (n, C) of a classifier of
    the data set's first unordered factor (dSprites: the shape). From 1 to C. Salimans et al. 2016, section 4,
    with the shape classifier of the InfoGAN-CR code in place of Inception. Part: ``std_log`` (standard
    deviation of the images' own divergences).

    Known biases: only as good as the classifier; blind to everything but the classes; memorised images
    score as well as new ones.
    """
    p = np.clip(class_probabilities.astype(np.float64), 1e-12, 1.0)
    divergence = (p * (np.log(p) - np.log(p.mean(axis=0)))).sum(axis=1)
    return {"score": max(float(np.exp(divergence.mean())), 1.0), "std_log": float(divergence.std())}

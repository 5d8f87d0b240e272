"""Confidence of a classifier in generated images."""

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, metric


@metric(cost="generating; once: training a classifier")
def class_confidence(class_probabilities: Floats) -> Result:
    """How sure a classifier of the data set is about generated images.

    Mean of the largest of ``class_probabilities`` (n, C). From 1/C to 1. As in the InfoGAN-CR code; see
    ``inception_score`` for the classifier.

    Known biases: classifiers are over-confident far from their training images.
    """
    return {"score": float(class_probabilities.max(axis=1).mean())}

"""Mutual information gap."""

from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, metric


@metric(
    drawn=TRAINING_ROWS,
    parts={"per_factor": "factors", "mutual_information": "codes x factors", "factor_entropy": "factors"},
)
def mig(mutual_information: Information, parts: Parts) -> Result:
    """Whether each factor is told by one code and not by a second.

    mean over factors of (I_1 - I_2) / H, with I_1, I_2 the largest and second largest mutual information
    (nats) between a code and the factor, H the entropy of the factor. From 0 to 1. Chen et al. 2018,
    section 4.1, with 20 equal-width bins as in both protocols. Parts: ``per_factor`` (F',),
    ``mutual_information`` (K, F'), ``factor_entropy`` (F',), ``left_out`` (single-valued factors).

    Known biases: a factor that two codes share scores 0 however cleanly; outliers squeeze the equal-width
    bins; a rotated pair of codes loses all of it. One code alone has no gap: null.
    """
    per_factor = top_two_gap(mutual_information.matrix) / mutual_information.entropy
    return {
        "score": float(per_factor.mean()),
        "per_factor": per_factor.tolist(),
        "mutual_information": mutual_information.matrix.tolist(),
        "factor_entropy": mutual_information.entropy.tolist(),
        "left_out": parts.left_out,
    }

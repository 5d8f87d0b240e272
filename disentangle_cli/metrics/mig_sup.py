"""The mutual information gap seen from the codes."""

import numpy as np

from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric


@metric(drawn=TRAINING_ROWS, parts={"per_code": "codes"})
def mig_sup(mutual_information: Information, parts: Parts) -> Result:
    """Whether each code tells about one factor and not about a second.

    mean over codes of the gap between the largest and the second largest I(code; factor) / H(factor). From 0
    to 1. Li et al. 2020 (Progressive learning and disentanglement of hierarchical representations), section
    4: the counterpart of ``mig``, which takes the gap over codes. Parts: ``per_code`` (K,),
    ``left_out`` (single-valued factors). Null with one factor.

    Known biases: a code without information counts as 0, so spare codes lower it; codes that share a factor
    are not punished.
    """
    share = mutual_information.matrix / mutual_information.entropy
    if share.shape[1] < 2:
        raise Undefined("the gap over factors needs at least two factors with more than one value")
    per_code = np.clip(top_two_gap(share.T), 0.0, 1.0)
    return {"score": float(per_code.mean()), "per_code": per_code.tolist(), "left_out": parts.left_out}

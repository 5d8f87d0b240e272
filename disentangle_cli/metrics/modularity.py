"""Modularity."""

from typing import Annotated, Literal

import numpy as np

from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.metric import Result, Undefined, metric


@metric(
    defaults={"disentanglement-lib": {"rows": "split", "dead_codes": "zero"}},
    parts={"per_code": "codes", "mutual_information": "codes x factors"},
)
def modularity(
    mutual_information: Information,
    parts: Parts,
    *,
    dead_codes: Annotated[Literal["skip", "zero"], "Codes without information: left out, or 0."] = "skip",
) -> Result:
    """Whether each code tells about one factor only.

    Per code 1 - sum of squared mutual information except the largest / (largest squared * (F - 1)), mean
    over codes. From 0 to 1. Ridgeway and Mozer 2018, section 3. Parts: ``per_code`` (K,),
    ``mutual_information`` (K, F'), ``left_out`` (single-valued factors).

    ``dead_codes`` says what a code without any information counts: nothing (``skip``; the InfoGAN-CR code
    has 0/0 there) or 0 (``zero``, disentanglement-lib). Null with one factor, and with no informative code
    under ``skip``.

    Known biases: the ratio of two tiny numbers is noise, so independent codes reach about 0.8; duplicated
    codes are not punished.
    """
    squared = np.square(mutual_information.matrix)
    if squared.shape[1] < 2:
        raise Undefined("modularity needs at least two factors with more than one value")
    largest = squared.max(axis=1)
    alive = largest > 0
    rest = (squared.sum(axis=1) - largest) / np.where(alive, largest * (squared.shape[1] - 1), 1.0)
    per_code = np.where(alive, 1 - rest, 0.0)
    if dead_codes == "skip" and not alive.any():
        raise Undefined("no code has any information about a factor")
    counted = per_code[alive] if dead_codes == "skip" else per_code
    listed = [float(v) if a or dead_codes == "zero" else None for v, a in zip(per_code, alive, strict=True)]
    return {
        "score": float(counted.mean()),
        "per_code": listed,
        "mutual_information": mutual_information.matrix.tolist(),
        "left_out": parts.left_out,
    }

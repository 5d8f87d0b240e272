"""Interventional robustness score."""

from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.measurement.derived.mutual_information import discretise
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric


@metric(
    drawn=TRAINING_ROWS,
    parts={"matrix": "active x factors", "per_code": "list"},
    moved_by={"shuffled": "factors of more than ``bins`` values: neighbouring ids are merged"},
)
def irs(
    parts: Parts,
    *,
    bins: Annotated[int, "Equal-width bins per code."] = 20,
    quantile: Annotated[float, "Of the deviations; 1: the paper's maximum."] = 0.99,
) -> Result:
    """Whether a code stays put when all factors but one change.

    Per code and factor: 1 - (mean over the factor's values of the ``quantile`` of the code's distance from
    its mean at that value) / its largest distance from its overall mean. A code scores its best factor;
    score = mean over codes weighted by that largest distance. From 0 (where it is cut off) to 1. Suter et
    al. 2019, section 4, as disentanglement-lib computes it: class ids are merged into ``bins`` equal-width
    groups and the maximum is a 0.99 quantile (``quantile=1`` is the paper's maximum). Parts: ``matrix``
    (K', F'), ``per_code`` (K',), ``best_factor`` (K', columns of ``factors``), ``active_codes`` (K' codes
    that are not constant), ``left_out``.

    Known biases: weighted by raw scale, so one wide code decides; a factor of more than ``bins`` values is
    merged; duplicated codes are not punished. All codes constant: 0.
    """
    if bins < 1 or not 0 <= quantile <= 1:
        raise Undefined("bins must be at least 1 and the quantile between 0 and 1")
    codes = parts.train.codes
    active = np.flatnonzero(np.ptp(codes, axis=0) > 0)
    result: Result = {"score": 0.0, "matrix": [], "per_code": [], "best_factor": []}
    if len(active):
        codes = codes[:, active]
        largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
        merged = discretise(parts.train.ids.astype(np.float64), bins)
        spread = np.stack([_deviation(codes, groups, quantile) for groups in merged.T], axis=1)
        matrix = 1 - spread / largest[:, None]
        best = matrix.max(axis=1)
        result = {
            "score": max(float((best * largest).sum() / largest.sum()), 0.0),
            "matrix": matrix.tolist(),
            "per_code": best.tolist(),
            "best_factor": [parts.factor_ids[k] for k in matrix.argmax(axis=1)],
        }
    return result | {"active_codes": active.tolist(), "left_out": parts.left_out}


def _deviation(codes: Doubles, groups: Ints, quantile: float) -> Doubles:
    """Mean over groups of the quantile of |code - group mean|: (N, K), (N,) -> (K,)."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    pieces = np.split(codes[order], starts[1:])
    found = [_quantile(np.abs(piece - piece.mean(axis=0)), quantile) for piece in pieces]
    mean: Doubles = np.mean(found, axis=0)
    return mean


def _quantile(values: Doubles, quantile: float) -> Doubles:
    """Linear quantile of each column, without the overhead of numpy's: (n, K) -> (K,)."""
    place = quantile * (len(values) - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    ordered = np.partition(values, (low, high), axis=0)
    result: Doubles = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return result

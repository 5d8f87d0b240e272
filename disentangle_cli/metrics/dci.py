"""Disentanglement, completeness and informativeness."""

from typing import Annotated, Literal

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats
from disentangle_cli.measurement.derived.importance import Importance
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.metric import Result, Undefined, metric

LITTLE = 0.05
"""Part of what there is to predict below which importances are those of noise."""

Aggregate = Literal["infogan-cr", "disentanglement-lib"]


@metric(
    defaults={
        "disentanglement-lib": {"rows": "split", "regressor": "gbt", "aggregate": "disentanglement-lib"}
    },
    parts={
        "disentanglement": "number",
        "completeness": "number",
        "informativeness": "number",
        "informativeness_train": "number",
        "per_code": "codes",
        "per_factor": "factors",
        "importance": "codes x factors",
    },
    cost="trees: seconds to minutes",
    moved_by={
        "shuffled": "regressors: ranks of ids stand in for absent values; boosted trees: random choices",
        "permuted": "forests: depths go by place; all trees: random choices",
    },
)
def dci(
    importance: Importance,
    parts: Parts,
    *,
    aggregate: Annotated[Aggregate, "Whose entropy guards and weights."] = "infogan-cr",
) -> Result:
    """Whether each code serves one factor (D) and each factor is served by one code (C).

    With R the (codes, factors) importance matrix: D = sum over codes of weight * (1 - H(row) / log F), the
    weight being the row's share of all importance; C = mean over factors of 1 - H(column) / log K. From 0 to
    1; ``score`` is D. Eastwood and Williams 2018, section 2. Parts: ``disentanglement``, ``completeness``,
    ``informativeness`` (mean accuracy for boosted trees, mean R^2 for regressors, on the rows that count)
    with ``informativeness_train``, ``per_code`` (K,), ``per_factor`` (F',), ``importance`` (K, F'),
    ``regressor``, ``left_out``.

    ``disentanglement-lib`` adds 1e-11 to R before each entropy and weights factors in C by their share; the
    InfoGAN-CR code guards only the logarithm and takes the plain mean. Under the latter a code (factor) with
    no importance at all, 0/0 in the original, is null and left out. D is null with one factor, C with one
    code.

    Known biases: of codes that predict nothing (a note says so) the importances are noise, and a Lasso that
    finds one spurious weight gives D = 1; correlated or duplicated codes split the importance, at will of the
    regressor; a linear regressor misses periodic factors; values of different regressors do not compare.
    """
    matrix = importance.matrix
    codes, factors = matrix.shape
    rows, rows_weight = _concentration(matrix.T, aggregate)
    columns, columns_weight = _concentration(matrix, aggregate)
    if aggregate == "infogan-cr":
        if not matrix.any():
            raise Undefined("no code helps to predict any factor")
        columns_weight = np.where(np.isnan(columns), 0.0, 1.0)
    disentanglement = _weighted(rows, rows_weight) if factors > 1 else None
    completeness = _weighted(columns, columns_weight) if codes > 1 else None
    result: Result = {
        "score": disentanglement,
        "disentanglement": disentanglement,
        "completeness": completeness,
        "informativeness": float(importance.test.mean()),
        "informativeness_train": float(importance.train.mean()),
        "per_code": _listed(rows) if factors > 1 else [None] * codes,
        "per_factor": _listed(columns) if codes > 1 else [None] * factors,
        "importance": matrix.tolist(),
        "regressor": importance.regressor,
        "left_out": parts.left_out,
    }
    if factors < 2:
        result["reason"] = "disentanglement needs at least two factors with more than one value"
    elif codes < 2:
        result["note"] = "completeness needs at least two codes"
    elif importance.gain < LITTLE:
        result["note"] = "the codes hardly predict the factors: what little importance there is, is chance"
    return result


def _concentration(matrix: Floats, aggregate: str) -> tuple[Doubles, Doubles]:
    """1 - normalised entropy of every column and the column's share of the sum: (n, m) -> (m,), (m,).

    An empty column has NaN under ``infogan-cr``.
    """
    matrix = np.asarray(matrix, np.float64)
    total, n = matrix.sum(axis=0), len(matrix)
    if aggregate == "disentanglement-lib":
        share = (matrix + 1e-11) / (matrix + 1e-11).sum(axis=0)
        spread = -(share * np.log(share)).sum(axis=0) / np.log(max(n, 2))
        weight = total if total.any() else np.ones_like(total)
    else:
        share = matrix / np.where(total > 0, total, np.nan)
        spread = -(share * np.log(share + 1e-12)).sum(axis=0) / np.log(max(n, 2) + 1e-12)
        weight = total
    # the guards move the ends of the range by a hair: clipped
    return np.clip(1 - spread, 0.0, 1.0), weight / weight.sum() if weight.sum() > 0 else weight


def _weighted(values: Doubles, weights: Doubles) -> float:
    return float((np.nan_to_num(values) * weights).sum() / weights.sum())


def _listed(values: Doubles) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]

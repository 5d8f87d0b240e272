"""Separated attribute predictability."""

from typing import Annotated, Literal

import numpy as np
from sklearn.svm import LinearSVC

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.measurement.metric import Result, Undefined, metric
from disentangle_cli.measurement.parallel import over_factors

Kind = Literal["declared", "discrete", "continuous"]


@metric(
    defaults={"disentanglement-lib": {"rows": "split", "factors_are": "discrete"}},
    parts={"per_factor": "factors", "matrix": "codes x factors"},
    cost="small",
    moved_by={"shuffled": "continuous factors: where ranks of ids stand in for absent values"},
)
def sap(
    parts: Parts,
    seed: int,
    *,
    factors_are: Annotated[Kind, "How the factors are predicted."] = "declared",
    c: Annotated[float, "SVM penalty."] = 0.01,
) -> Result:
    """Whether one single code predicts each factor clearly better than the second best.

    S[code, factor] is the squared correlation for a continuous factor, the accuracy of a linear support
    vector machine (C = ``c``, balanced classes) on that one code for a discrete one; score = mean over
    factors of largest minus second largest. From 0 to 1. Kumar et al. 2018, section 3. ``infogan-cr`` goes
    by ``is_continuous`` and judges on the training rows; ``disentanglement-lib`` takes all factors as
    discrete and judges on the test rows (correlations: on the training rows). Parts: ``per_factor`` (F',),
    ``matrix`` (K, F'), ``left_out``.

    Known biases: raw codes, so with C = 0.01 the discrete score depends on their scale; a linear rule on
    one number cannot tell many ordered classes apart, so a perfect copy stays far below 1; a duplicated
    code gives 0. One code alone: null.
    """
    if c <= 0:
        raise Undefined("sap.c must be above 0")
    declared = factors_are == "declared"
    continuous = parts.continuous if declared else np.full(len(parts.factor_ids), factors_are == "continuous")
    top_two_gap(parts.train.codes[:1].T)  # refuses a single code before the fits

    def column(k: int) -> Doubles:
        if continuous[k]:
            return _squared_correlation(parts.train.codes, parts.train.values[:, k])
        return _accuracy(parts, k, c, seed)

    matrix = np.stack(over_factors(column, len(continuous)), axis=1)
    per_factor = top_two_gap(matrix)
    return {
        "score": float(per_factor.mean()),
        "per_factor": per_factor.tolist(),
        "matrix": matrix.tolist(),
        "left_out": parts.left_out,
    }


def _squared_correlation(codes: Doubles, values: Doubles) -> Doubles:
    """(N, K), (N,) -> (K,); 0 where either does not vary (variance up to 1e-12)."""
    codes, values = codes - codes.mean(axis=0), values - values.mean()
    rows = max(len(codes) - 1, 1)
    covariance = codes.T @ values / rows
    spread = np.square(codes).sum(axis=0) / rows
    spread_y = np.square(values).sum() / rows
    moves = (spread > 1e-12) & (spread_y > 0)
    product = np.where(moves, spread * spread_y, 1.0)
    result: Doubles = np.where(moves, covariance**2 / product, 0.0)
    return result


def _accuracy(parts: Parts, k: int, c: float, seed: int) -> Doubles:
    """(K,) share of test rows whose class the machine on that one code gets right."""
    train, test = parts.train.classes[:, k], parts.test.classes[:, k]
    if np.ptp(train) == 0:  # nothing to learn: the one class it has seen
        return np.full(parts.train.codes.shape[1], float(np.mean(test == train[0])))
    scores = []
    for fit_code, test_code in zip(parts.train.codes.T, parts.test.codes.T, strict=True):
        machine = LinearSVC(C=c, class_weight="balanced", random_state=seed)
        machine.fit(fit_code[:, None], train)
        scores.append(float(np.mean(machine.predict(test_code[:, None]) == test)))
    return np.array(scores)

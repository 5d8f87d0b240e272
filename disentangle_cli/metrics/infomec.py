"""InfoM, InfoE and InfoC."""

from typing import Annotated, Literal

import numpy as np
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.measurement.derived.mutual_information import entropy, pair_information
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric
from disentangle_cli.measurement.parallel import over_factors

FEW = 64
"""A code with at most this many distinct values is counted, not estimated by neighbours."""


@metric(
    drawn=TRAINING_ROWS,
    parts={
        "modularity": "number",
        "explicitness": "number",
        "compactness": "number",
        "information": "codes x factors",
    },
    cost="seconds",
)
def infomec(
    parts: Parts,
    seed: int,
    *,
    samples: Annotated[int, "Rows used at most."] = 5000,
    estimator: Annotated[Literal["auto", "neighbours"], "auto counts codes of few values."] = "auto",
    neighbours: Annotated[int, "Neighbours of the estimator."] = 10,
    range_share: Annotated[float, "Share of the widest range above which a code is active."] = 0.05,
) -> Result:
    """Whether codes are modular (M), explicit (E) and compact (C), in terms of information.

    With I the mutual information over the factor's entropy: InfoM = mean over active codes of the largest
    share of a code's information that goes to one factor, rescaled so that an even spread is 0; InfoC = the
    same per factor over active codes; InfoE = mean over factors of the share of the entropy that a
    logistic regression without penalty removes (on its own rows, standardised codes). Each from 0 to 1;
    ``score`` is InfoM. Hsu et al. 2023 (Disentanglement via latent quantization), section 4. A code is active
    when its range is above ``range_share`` of the widest. Information is estimated by ``neighbours`` nearest
    neighbours (Ross 2014), for codes of at most 64 values (``auto``) from the counts. At most ``samples``
    rows. Parts: ``modularity``, ``explicitness``, ``compactness``, ``information`` (K, F'),
    ``active_codes``, ``left_out``. InfoM is null with one factor, InfoC with one active code, both
    when no code has any information.

    Known biases: the range decides what is active, so one outlier can silence every other code; InfoE sees
    linear rules only and is optimistic; neighbours give noise of about 0.01 nats.
    """
    if samples < 2 or neighbours < 1:
        raise Undefined("samples must be at least 2, neighbours at least 1")
    codes, classes = parts.train.codes, parts.train.classes
    if len(codes) > samples:
        rows = np.random.default_rng(seed).choice(len(codes), samples, replace=False)
        codes, classes = codes[rows], classes[rows]
    entropies = np.array([entropy(np.bincount(factor)) for factor in classes.T])
    if not entropies.all():
        raise Undefined("a factor has one value among the rows")
    extent = np.ptp(codes, axis=0)
    active = np.flatnonzero((extent > range_share * extent.max()) & (extent > 0))
    information = np.zeros((codes.shape[1], classes.shape[1]))
    if len(active):
        found = _information(codes[:, active], classes, estimator, neighbours, seed)
        information[active] = found / entropies
    z = standardised(codes)
    explicit = over_factors(lambda k: _removed(z, classes[:, k], float(entropies[k])), classes.shape[1])
    modular = _concentration(information[active].T)
    result: Result = {
        "score": modular,
        "modularity": modular,
        "explicitness": float(np.mean(explicit)),
        "compactness": _concentration(information[active]),
        "information": information.tolist(),
        "active_codes": active.tolist(),
        "left_out": parts.left_out,
    }
    if modular is None:
        result["reason"] = "InfoM needs two factors with more than one value and a code that tells of one"
    return result


def _information(codes: Doubles, classes: Ints, estimator: str, neighbours: int, seed: int) -> Doubles:
    """Nats, (N, K) and (N, F) -> (K, F)."""
    ids = [np.unique(code, return_inverse=True)[1].reshape(-1).astype(np.int64) for code in codes.T]
    counted = np.array([estimator == "auto" and code.max() < FEW for code in ids])
    if not counted.all() and neighbours >= len(codes):
        raise Undefined("needs more rows than neighbours")
    matrix = np.zeros((codes.shape[1], classes.shape[1]))
    for k, factor in enumerate(classes.T):
        for d in np.flatnonzero(counted):
            matrix[d, k] = pair_information(ids[d], factor)
        if not counted.all():
            matrix[~counted, k] = mutual_info_classif(
                codes[:, ~counted], factor, discrete_features=False, n_neighbors=neighbours, random_state=seed
            )
    return matrix


def _concentration(matrix: Doubles) -> float | None:
    """Mean over columns of largest / sum, rescaled from 1 / n: (n, m) -> 0..1; columns of zeros left out."""
    total = matrix.sum(axis=0)
    encoded = total > 0
    if len(matrix) < 2 or not encoded.any():
        return None
    share = float((matrix.max(axis=0)[encoded] / total[encoded]).mean())
    return (share - 1 / len(matrix)) / (1 - 1 / len(matrix))


def _removed(codes: Doubles, classes: Ints, entropy_of_factor: float) -> float:
    """Share of the entropy of one factor that the fitted rule removes: (N, K), (N,) -> 0..1."""
    model = LogisticRegression(C=np.inf).fit(codes, classes)
    chance = model.predict_proba(codes)[np.arange(len(codes)), np.searchsorted(model.classes_, classes)]
    loss = -float(np.log(np.clip(chance, 1e-15, 1.0)).mean())
    return float(np.clip(1 - loss / entropy_of_factor, 0.0, 1.0))

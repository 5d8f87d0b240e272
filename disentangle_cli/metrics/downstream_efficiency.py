"""How many labels a downstream task needs."""

from typing import Annotated, Any, Literal

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.measurement.metric import Result, Undefined, metric
from disentangle_cli.measurement.parallel import over_factors

LABELS = (10, 100, 1000, 10000)
Predictor = Literal["logistic", "gbt", "hgb"]


@metric(
    defaults={name: {"rows": "split"} for name in ("infogan-cr", "disentanglement-lib")},
    parts={"accuracy": "list", "per_factor": "list", "labels_used": "number"},
    bounds=(0.0, float("inf")),
    cost="seconds; trees: minutes",
    moved_by={"permuted": "trees: other random choices"},
)
def downstream_efficiency(
    parts: Parts, seed: int, *, predictor: Annotated[Predictor, "What learns the factors."] = "logistic"
) -> Result:
    """Whether few labels are enough to predict the factors from the codes.

    Accuracy on the test rows of a classifier per factor, fitted to the first 10, 100, 1000 and 10,000
    training rows (as far as there are as many); mean over factors. score = accuracy at 100 labels / accuracy
    at the most labels: the statistical efficiency of Locatello et al. 2019, section 5.4. From 0, about 1 at
    best. ``predictor``: multinomial logistic regression on standardised codes (C = 1; the study searches C by
    cross-validation, which 10 labels do not allow), boosted trees as in the study (``gbt``) or their fast
    form (``hgb``). Parts: ``accuracy`` (labels -> mean), ``per_factor`` (labels -> F'), ``labels_used``
    (the most), ``left_out``. Null with at most 100 training rows.

    Known biases: a ratio, so codes that are useless at any number of labels score high: read ``accuracy``
    beside it; a linear rule cannot follow periodic factors.
    """
    rows = len(parts.train.codes)
    counts = [n for n in LABELS if n <= rows]
    if rows < LABELS[-1] and rows > (counts[-1] if counts else 0):
        counts.append(rows)
    if rows <= 100:
        raise Undefined("needs more than 100 rows to learn from")
    per_factor = {str(n): _accuracies(parts, n, predictor, seed) for n in counts}
    accuracy = {n: float(np.mean(values)) for n, values in per_factor.items()}
    best = accuracy[str(counts[-1])]
    if best == 0:
        raise Undefined("no class was predicted rightly with any number of labels")
    return {
        "score": accuracy["100"] / best,
        "accuracy": accuracy,
        "per_factor": per_factor,
        "labels_used": counts[-1],
        "left_out": parts.left_out,
    }


def _accuracies(parts: Parts, labels: int, predictor: Predictor, seed: int) -> list[float]:
    train = parts.train.codes[:labels]
    test = standardised(parts.test.codes, train)
    train = standardised(train)

    def fit(k: int) -> float:
        known, truth = parts.train.classes[:labels, k], parts.test.classes[:, k]
        if np.ptp(known) == 0:
            return float(np.mean(truth == known[0]))
        model = _model(predictor, np.random.RandomState([seed, labels, k])).fit(train, known)
        return float(np.mean(model.predict(test) == truth))

    return over_factors(fit, len(parts.factor_ids))


def _model(predictor: Predictor, random: np.random.RandomState) -> Any:
    if predictor == "gbt":
        return GradientBoostingClassifier(random_state=random)
    if predictor == "hgb":
        return HistGradientBoostingClassifier(early_stopping=False, random_state=random)
    return LogisticRegression(random_state=random)

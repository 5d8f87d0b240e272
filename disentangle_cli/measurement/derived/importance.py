"""How much each code matters for predicting each factor: the matrix that DCI aggregates."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.learners import Learner, make_learner
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.measurement.metric import Undefined, derived
from disentangle_cli.measurement.parallel import over_factors

Regressor = Literal["auto", "lasso", "lasso-cv", "rf", "rf-ibgan", "rf-cv", "rf-depth", "gbt", "hgb"]


@dataclass(frozen=True, eq=False)
class Importance:
    """What the fits say.

    Attributes:
        matrix: (K, F') non-negative importances.
        train, test: (F',) how well each factor is predicted: accuracy for ``gbt`` and ``hgb``, else R^2.
        regressor: the one used.
        chance: (F',) accuracies without any code: the share of the largest class; None: 0, as of R^2.
    """

    matrix: Doubles
    train: Doubles
    test: Doubles
    regressor: str
    chance: Doubles | None = None

    @property
    def gain(self) -> float:
        """How much of what there is to predict is predicted: 0 is chance, 1 everything."""
        chance = 0.0 if self.chance is None else float(self.chance.mean())
        return (float(self.test.mean()) - chance) / max(1 - chance, 1e-12)


@derived
def importance(
    parts: Parts,
    seed: int,
    *,
    regressor: Annotated[Regressor, "What learns the factors; auto: by their number."] = "auto",
    trees: Annotated[int, "Trees of a forest or of boosting."] = 100,
    alpha: Annotated[float, "Weight of the Lasso."] = 0.02,
    depth: Annotated[int, "Of the trees of rf-depth."] = 4,
    cv: Annotated[int | None, "Folds of lasso-cv (5) and rf-cv (3)."] = None,
) -> Importance:
    """Fit one model per factor on all codes.

    ``gbt`` classifies class ids from raw codes (boosted trees, Locatello et al. 2019), ``hgb`` does so by
    histograms of the codes, many times faster, with the gain of the splits as importance; the others regress
    standardised factor values on standardised codes (InfoGAN-CR code): ``lasso`` with weight ``alpha``,
    ``lasso-cv`` with ``cv`` folds (5), random forests of ``trees`` trees with fixed depths per factor, by its
    place (``rf``, ``rf-ibgan``), with ``depth`` for all (``rf-depth``) or with a depth of 2 to 15 found by
    ``cv`` folds (3) (``rf-cv``). ``auto`` is ``rf-ibgan`` for five factors, else ``lasso``. Single-valued
    factors do not count, neither for ``auto`` nor for places.

    Raises:
        Undefined: fixed depths are asked for more than five factors, or a setting is out of range.
    """
    kind = regressor
    if kind == "auto":
        kind = "rf-ibgan" if len(parts.factor_ids) == 5 else "lasso"
    learner = make_learner(kind, len(parts.factor_ids), trees, alpha, depth, cv)
    if kind in ("gbt", "hgb"):
        return _classified(parts, learner, seed, kind)
    if (folds := {"lasso-cv": cv or 5, "rf-cv": cv or 3}.get(kind, 1)) > len(parts.train.codes):
        raise Undefined(f"{kind} with {folds} folds needs as many rows")
    codes = standardised(parts.train.codes)
    test_codes = standardised(parts.test.codes, parts.train.codes)
    values = standardised(parts.train.values)
    test_values = standardised(parts.test.values, parts.train.values)
    random = np.random.RandomState(seed)  # one stream over all factors, as unseeded code draws from one
    columns, scores = [], []
    for k in range(len(parts.factor_ids)):
        model = learner(k, random)
        model.fit(codes, values[:, k])
        weights = model.coef_ if hasattr(model, "coef_") else model.feature_importances_
        columns.append(np.abs(weights))
        fitted = model.predict(codes)
        judged = fitted if parts.test is parts.train else model.predict(test_codes)
        scores.append((_r2(values[:, k], fitted), _r2(test_values[:, k], judged)))
    train, test = np.array(scores).T
    return Importance(np.stack(columns, axis=1), train, test, kind)


def _classified(parts: Parts, learner: Learner, seed: int, kind: str) -> Importance:
    def fit(k: int) -> tuple[Doubles, float, float]:
        classes, test_classes = parts.train.classes[:, k], parts.test.classes[:, k]
        if np.ptp(classes) == 0:
            return np.zeros(parts.train.codes.shape[1]), 1.0, float(np.mean(test_classes == classes[0]))
        # a stream of its own per factor, so that factors may run side by side with the same numbers
        model = learner(k, np.random.RandomState([seed, k]))
        model.fit(parts.train.codes, classes)
        weights = np.abs(np.asarray(model.feature_importances_, np.float64))
        train = float(model.score(parts.train.codes, classes))
        same = parts.test is parts.train
        return weights, train, train if same else float(model.score(parts.test.codes, test_classes))

    fits = over_factors(fit, len(parts.factor_ids))
    matrix = np.stack([weights for weights, _, _ in fits], axis=1)
    if not np.isfinite(matrix).all():
        raise Undefined("the boosted trees found no split at all")
    largest = [np.bincount(classes).max() / len(classes) for classes in parts.test.classes.T]
    train, test = (np.array([f[i] for f in fits]) for i in (1, 2))
    return Importance(matrix, train, test, kind, np.array(largest))


def _r2(truth: Doubles, guess: Doubles) -> float:
    spread = float(np.square(truth - truth.mean()).sum())
    return 1.0 - float(np.square(truth - guess).sum()) / spread if spread > 0 else 0.0

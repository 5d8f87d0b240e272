"""The scikit-learn models that metrics fit, with the reference codes' settings."""

from collections.abc import Callable, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier

from disentangle_cli.metrics._base import Undefined

Learner = Callable[[int, np.random.RandomState], Any]
"""Makes the model for the k-th factor used, drawing from the given stream."""

DEPTHS = {"rf": (4, 5, 2, 5, 5), "rf-ibgan": (4, 2, 4, 2, 2)}
"""Tree depth per factor in the order shape, scale, orientation, x, y of dSprites (InfoGAN-CR code)."""


def make_learner(
    kind: str, factor_ids: Sequence[int], trees: int, alpha: float, depth: int, cv: int | None
) -> Learner:
    """The model that ``dci.regressor`` names.

    Raises:
        Undefined: fixed depths for more than five factors, or a setting out of range.
    """
    if kind in DEPTHS and max(factor_ids) >= len(DEPTHS[kind]):
        raise Undefined(f"{kind} has tree depths for at most five factors; set dci.regressor to another one")
    if trees < 1 or depth < 1 or (cv is not None and cv < 2):
        raise Undefined("trees and depth must be at least 1, cv at least 2")
    if kind == "lasso":
        return lambda k, random: Lasso(alpha=alpha)
    if kind == "lasso-cv":
        return lambda k, random: LassoCV(cv=cv or 5)
    if kind == "gbt":
        return lambda k, random: GradientBoostingClassifier(n_estimators=trees, random_state=random)
    if kind == "rf-cv":
        return lambda k, random: _Searched(trees, cv or 3, random)
    return lambda k, random: RandomForestRegressor(
        n_estimators=trees,
        max_depth=DEPTHS[kind][factor_ids[k]] if kind in DEPTHS else depth,
        random_state=random,
        n_jobs=joblib.cpu_count(),
    )


class _Searched:
    """A random forest whose depth (2 to 15) was found by cross-validated R^2, then fitted to all rows."""

    def __init__(self, trees: int, folds: int, random: np.random.RandomState) -> None:
        # a number, not the stream: the search copies the forest for every fold
        seed = int(random.randint(2**31 - 1))
        forest = RandomForestRegressor(n_estimators=trees, random_state=seed, n_jobs=joblib.cpu_count())
        self.search = GridSearchCV(forest, {"max_depth": list(range(2, 16))}, cv=folds)

    def fit(self, codes: Any, values: Any) -> None:
        self.search.fit(codes, values)
        self.feature_importances_ = self.search.best_estimator_.feature_importances_

    def predict(self, codes: Any) -> Any:
        return self.search.predict(codes)


def logistic_regression(solver: str, seed: int) -> Any:
    """Logistic regression with scikit-learn's defaults: C = 1, L2, 100 iterations.

    ``lbfgs`` is multinomial (today's default), ``liblinear`` one against the rest (the default up to 0.21,
    when both reference codes were written; it also shrinks the intercept).
    """
    if solver == "liblinear":
        return OneVsRestClassifier(LogisticRegression(solver="liblinear", random_state=seed))
    return LogisticRegression(random_state=seed)

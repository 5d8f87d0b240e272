"""The scikit-learn models that metrics fit, with the reference codes' settings."""

from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Lasso, LassoCV, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.metric import Undefined

Learner = Callable[[int, np.random.RandomState], Any]
"""Makes the model for the k-th factor used, drawing from the given stream."""

DEPTHS = {"rf": (4, 5, 2, 5, 5), "rf-ibgan": (4, 2, 4, 2, 2)}
"""Tree depth per factor in the order shape, scale, orientation, x, y of dSprites (InfoGAN-CR code)."""


START_ROWS = 2000


def make_learner(kind: str, factors: int, trees: int, alpha: float, depth: int, cv: int | None) -> Learner:
    """The model that ``dci.regressor`` names, for each of ``factors`` factors.

    Raises:
        Undefined: fixed depths for more than five factors, or a setting out of range.
    """
    if kind in DEPTHS and factors > len(DEPTHS[kind]):
        raise Undefined(f"{kind} has tree depths for at most five factors; set dci.regressor to another one")
    if trees < 1 or depth < 1 or (cv is not None and cv < 2):
        raise Undefined("trees and depth must be at least 1, cv at least 2")
    if kind == "lasso":
        return lambda k, random: Lasso(alpha=alpha)
    if kind == "lasso-cv":
        return lambda k, random: LassoCV(cv=cv or 5)
    if kind == "gbt":
        return lambda k, random: GradientBoostingClassifier(n_estimators=trees, random_state=random)
    if kind == "hgb":
        return lambda k, random: _Histograms(trees, random)
    if kind == "rf-cv":
        return lambda k, random: _Searched(trees, cv or 3, random)
    return lambda k, random: RandomForestRegressor(
        n_estimators=trees,
        max_depth=DEPTHS[kind][k] if kind in DEPTHS else depth,
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


class _Histograms(HistGradientBoostingClassifier):  # type: ignore[misc]
    """Histogram gradient boosting with the tree count, depth and rate of ``gbt``."""

    def __init__(self, trees: int, random: np.random.RandomState) -> None:
        super().__init__(max_iter=trees, max_depth=3, early_stopping=False, random_state=random)
        self.trees, self.random = trees, random

    @property
    def feature_importances_(self) -> Doubles:
        """Share of each feature in the gain of all splits; scikit-learn has none for these trees."""
        gain = np.zeros(self.n_features_in_)
        for tree in (tree for iteration in self._predictors for tree in iteration):
            splits = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(gain, splits["feature_idx"], splits["gain"])
        return gain / gain.sum() if gain.sum() > 0 else gain


def logistic_regression(solver: str, seed: int) -> Any:
    """Logistic regression with scikit-learn's defaults: C = 1, L2, 100 iterations.

    ``lbfgs`` is multinomial (today's default), ``liblinear`` one against the rest (the default up to 0.21,
    when both reference codes were written; it also shrinks the intercept).
    """
    if solver == "liblinear":
        return OneVsRestClassifier(LogisticRegression(solver="liblinear", random_state=seed))
    return LogisticRegression(random_state=seed)


def fitted_logistic(codes: Any, classes: Any, solver: str, seed: int, tolerance: float) -> Any:
    """:func:`logistic_regression` fitted to (N, K) codes and (N,) classes, quickly.

    ``lbfgs`` starts from the solution on the first ``START_ROWS`` rows (with the penalty per row alike), from
    where a few passes over all rows remain, works in float32 and stops at a largest gradient of ``tolerance``
    (scikit-learn's default is 1e-4). Without all classes among the first rows it starts from zero.
    """
    model = logistic_regression(solver, seed)
    if solver != "lbfgs":
        return model.fit(codes, classes)
    model.set_params(tol=tolerance)
    codes, rows = codes.astype(np.float32), len(codes)
    if rows > 2 * START_ROWS and len(np.unique(classes[:START_ROWS])) == len(np.unique(classes)):
        model.set_params(warm_start=True, C=rows / START_ROWS)
        model.fit(codes[:START_ROWS], classes[:START_ROWS])
        model.set_params(C=1.0)
    return model.fit(codes, classes)

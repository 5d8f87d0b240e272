"""Explicitness."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.measurement.derived.parts import Half, Parts
from disentangle_cli.measurement.learners import fitted_logistic
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.measurement.metric import Result, Undefined, metric
from disentangle_cli.measurement.parallel import over_factors


@metric(
    defaults={"disentanglement-lib": {"rows": "split", "standardise": True}},
    parts={"train": "number", "test": "number", "per_factor": "factors"},
    cost="seconds",
    moved_by={"shuffled": "fits stop at ``tolerance``: by less than 0.001"},
)
def explicitness(
    parts: Parts,
    seed: int,
    *,
    standardise: Annotated[bool, "Standardise the codes."] = False,
    solver: Annotated[Literal["lbfgs", "liblinear"], "liblinear: one against the rest."] = "lbfgs",
    tolerance: Annotated[float, "Gradient at which the fits stop."] = 5e-4,
) -> Result:
    """Whether a linear rule on all codes tells the classes of each factor apart.

    Per factor one logistic regression, then the area under the ROC curve of each class against the rest,
    mean over classes, mean over factors. From 0 to 1, chance 0.5, not rescaled. Ridgeway and Mozer 2018,
    section 3, as both protocols compute it: ``infogan-cr`` on raw codes and its own training rows,
    ``disentanglement-lib`` on standardised codes and test rows. Parts: ``train``, ``test``,
    ``per_factor`` (F', on the rows that count), ``left_out``.

    Classes absent from the test rows are left out of the mean. The fits stop at a largest gradient of
    ``tolerance``, which moves the score by less than 0.001 from scikit-learn's default (1e-4) and is several
    times faster.

    Known biases: periodic or unordered factors need a nonlinear rule and score low even when a code tells
    them exactly; raw codes of tiny scale are held back by the L2 penalty.
    """
    train, test = parts.train, parts.test
    if standardise:
        train, test = (replace(h, codes=standardised(h.codes, parts.train.codes)) for h in (train, test))
    same = parts.test is parts.train

    def fit(k: int) -> tuple[float, float]:
        if np.ptp(train.classes[:, k]) == 0:
            return np.nan, np.nan
        model = fitted_logistic(train.codes, train.classes[:, k], solver, seed, tolerance)
        first = _area(model, train, k)
        return first, first if same else _area(model, test, k)

    scores = np.array(over_factors(fit, len(parts.factor_ids)))
    usable = np.isfinite(scores).all(axis=1)
    if not usable.any():
        raise Undefined("no factor has two classes in both halves")
    train_score, test_score = scores[usable].mean(axis=0)
    return {
        "score": float(test_score),
        "train": float(train_score),
        "test": float(test_score),
        "per_factor": [float(s) if u else None for s, u in zip(scores[:, 1], usable, strict=True)],
        "left_out": parts.left_out + [parts.factor_ids[k] for k in np.flatnonzero(~usable)],
    }


def _area(model: Any, half: Half, k: int) -> float:
    areas = roc_areas(model.predict_proba(half.codes), half.classes[:, k], model.classes_)
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def roc_areas(scores: Doubles, classes: Ints, columns: Ints) -> Doubles:
    """Area under the ROC curve of each class against the rest, by rank sums, ties shared.

    Scores (N, C), true classes (N,), which class each column is (C,) -> (C,); NaN for a class that no row,
    or every row, has.
    """
    areas = np.full(len(columns), np.nan)
    for c, label in enumerate(columns):
        column = np.ascontiguousarray(scores[:, c])
        hits = column[classes == label]
        pairs = len(hits) * (len(column) - len(hits))
        if pairs:
            # only the ranks of the hits are needed: one sort and a search for few values
            ordered = np.sort(column)
            ranks = np.searchsorted(ordered, hits, "left") + np.searchsorted(ordered, hits, "right") + 1
            areas[c] = (ranks.sum() / 2 - len(hits) * (len(hits) + 1) / 2) / pairs
    return areas

"""The BetaVAE metric (Z-diff)."""

from typing import Annotated, Literal

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats, Ints
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.learners import logistic_regression
from disentangle_cli.measurement.metric import Result, Undefined, metric


@metric(
    by_protocol={
        "infogan-cr": (Family.GROUPS,),
        "disentanglement-lib": (Family.PAIRS, Family.EVAL_PAIRS),
    },
    parts={"train_accuracy": "number", "eval_accuracy": "number"},
    cost="encoding",
)
def beta_vae(
    seed: int,
    group_codes: Floats | None = None,
    group_labels: Ints | None = None,
    pair_codes_1: Floats | None = None,
    pair_codes_2: Floats | None = None,
    pair_labels: Ints | None = None,
    eval_pair_codes_1: Floats | None = None,
    eval_pair_codes_2: Floats | None = None,
    eval_pair_labels: Ints | None = None,
    group_sizes: Ints | None = None,
    *,
    solver: Annotated[Literal["lbfgs", "liblinear"], "liblinear: one against the rest."] = "lbfgs",
) -> Result:
    """Whether the mean difference of pairs that share a factor's value tells which factor they share.

    Features = mean over pairs of |difference of raw codes|; accuracy of a logistic regression that names the
    shared factor. From 0 to 1, chance 1/F. Higgins et al. 2017, section 3. ``infogan-cr`` pairs
    neighbouring images (0-1, 2-3, ...) of each group (M, L, K), drops the last of an odd L and reports the
    accuracy on its own training features; ``disentanglement-lib`` has pairs of their own (P, B, K) and
    reports fresh ones. Parts: ``train_accuracy``, ``eval_accuracy`` (where there are fresh pairs).

    Known biases: codes are not standardised, so their scale matters under the L2 penalty; entangled codes
    can reach 1 as long as some linear rule works; training accuracy is optimistic.
    """
    fresh = None
    if pair_codes_1 is not None and pair_codes_2 is not None and pair_labels is not None:
        features, labels = _differences(pair_codes_1, pair_codes_2), pair_labels
        if eval_pair_codes_1 is not None and eval_pair_codes_2 is not None:
            fresh = _differences(eval_pair_codes_1, eval_pair_codes_2)
    elif group_codes is not None and group_labels is not None:
        if group_sizes is not None and group_sizes.min() < group_codes.shape[1]:
            raise Undefined("needs whole groups, and group_sizes ends some of them early")
        even = group_codes.shape[1] // 2 * 2
        if not even:
            raise Undefined("groups of one image hold no pair")
        features, labels = _differences(group_codes[:, 0:even:2], group_codes[:, 1:even:2]), group_labels
    else:
        raise Undefined("needs group_codes or pair_codes_1, which are absent")
    if np.ptp(labels) == 0:
        raise Undefined("the metric needs at least two factors among the labels")
    model = logistic_regression(solver, seed).fit(features, labels)
    result: Result = {"train_accuracy": float(np.mean(model.predict(features) == labels))}
    if fresh is not None:
        result["eval_accuracy"] = float(np.mean(model.predict(fresh) == eval_pair_labels))
    return {"score": result.get("eval_accuracy", result["train_accuracy"]), **result}


def _differences(first: Floats, second: Floats) -> Doubles:
    """Mean absolute difference over pairs: (P, B, K) twice -> (P, K) float64."""
    mean: Doubles = np.abs(first - second).mean(axis=1, dtype=np.float64)
    return mean

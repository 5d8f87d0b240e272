"""The FactorVAE metric."""

from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Floats, Ints
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.metric import Result, metric

ROUNDING = 1e-6
"""A code whose spread is below this part of its own size is constant up to rounding."""


@metric(
    by_protocol={"disentanglement-lib": (Family.EVAL_GROUPS,)},
    defaults={"disentanglement-lib": {"threshold": 0.05}},
    parts={
        "revised": "number",
        "train_accuracy": "number",
        "eval_accuracy": "number",
        "votes": "codes x factors",
        "eval_votes": "codes x factors",
        "images": "number",
    },
    cost="encoding",
    moved_by={
        "permuted": "a code with equal votes stands for the first factor: fresh groups may vote otherwise"
    },
)
def factor_vae(
    reference_codes: Floats,
    group_codes: Floats,
    group_labels: Ints,
    eval_group_codes: Floats | None = None,
    eval_group_labels: Ints | None = None,
    group_sizes: Ints | None = None,
    eval_group_sizes: Ints | None = None,
    *,
    threshold: Annotated[float, "Codes of smaller standard deviation do not vote."] = 0.0,
) -> Result:
    """Whether the code that varies least in a group of images tells which factor the group holds fixed.

    Each group (M, L, K) votes for the code with the least variance relative to that of ``reference_codes``
    (R, K); a code stands for the factor it was voted for most. From 0 to 1, chance about 1/F. Kim and Mnih
    2018, section 4. ``infogan-cr`` judges the votes it learnt from; ``disentanglement-lib`` first drops
    codes of standard deviation below ``threshold`` (0.05) and judges fresh votes. Constant codes never vote;
    with no code left the score is 0. Of a group only the first ``group_sizes`` (M,) images count.

    Parts: ``revised`` (only the F most-voted codes count, so that spare codes cannot help), ``votes`` (K, F),
    ``active_codes``; with fresh groups ``train_accuracy``, ``eval_accuracy``, ``eval_votes``; with sizes
    ``images`` (the mean number in a group).

    Known biases: judging its own votes is optimistic, more so with few groups and many codes; one code that
    tells a factor is enough, whatever the others hold; an inactive code of unit variance rarely wins.
    """
    scale, active = voting_scale(reference_codes, threshold)
    factors = int(max(group_labels.max(), -1 if eval_group_labels is None else eval_group_labels.max())) + 1
    votes = _votes(group_codes, group_labels, group_sizes, scale, active, factors)
    stands_for = votes.argmax(axis=1)
    # for ``revised``: as many codes as factors, those with the most votes for what they stand for
    kept = np.argsort(-votes.max(axis=1), kind="stable")[: len(np.unique(group_labels))]
    own = votes[np.arange(len(votes)), stands_for]
    result: Result = {
        "score": float(own.sum() / len(group_labels)),
        "revised": float(own[kept].sum() / len(group_labels)),
        "votes": votes.tolist(),
        "active_codes": np.flatnonzero(active).tolist(),
    }
    sizes = [some for some in (group_sizes, eval_group_sizes) if some is not None]
    if sizes:
        result["images"] = float(np.concatenate(sizes).mean())
    if eval_group_codes is not None and eval_group_labels is not None:
        fresh = _votes(eval_group_codes, eval_group_labels, eval_group_sizes, scale, active, factors)
        right = fresh[np.arange(len(fresh)), stands_for]
        result |= {
            "train_accuracy": result["score"],
            "eval_accuracy": float(right.sum() / len(eval_group_labels)),
            "eval_votes": fresh.tolist(),
            "score": float(right.sum() / len(eval_group_labels)),
            "revised": float(right[kept].sum() / len(eval_group_labels)),
        }
    return result


def voting_scale(reference_codes: Floats, threshold: float) -> tuple[Doubles, Bools]:
    """Standard deviation of each code of (R, K) and which codes vote, (K,) each."""
    scale = reference_codes.std(axis=0, dtype=np.float64, ddof=1 if len(reference_codes) > 1 else 0)
    size = np.hypot(scale, reference_codes.mean(axis=0, dtype=np.float64))
    return scale, (scale > ROUNDING * size) & (scale >= threshold)


def _votes(
    groups: Floats, labels: Ints, sizes: Ints | None, scale: Doubles, active: Bools, factors: int
) -> Ints:
    """Count, per code and factor, the groups it varied least in: (K, F)."""
    codes = len(scale)
    if not active.any():
        return np.zeros((codes, factors), np.int64)
    spread = np.full((len(groups), codes), np.inf)
    for size in [groups.shape[1]] if sizes is None else np.unique(sizes):
        these = np.ones(len(groups), np.bool_) if sizes is None else sizes == size
        part = groups[these, :size][:, :, active]
        spread[np.ix_(these, active)] = part.var(axis=1, dtype=np.float64) / np.square(scale[active])
    winner = spread.argmin(axis=1)
    return np.bincount(winner * factors + labels, minlength=codes * factors).reshape(codes, factors)

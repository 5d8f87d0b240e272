"""Z-min variance: the FactorVAE votes from labelled rows alone."""

from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Ints
from disentangle_cli.measurement.derived.parts import Half, Parts
from disentangle_cli.measurement.metric import Result, Undefined, metric
from disentangle_cli.metrics.factor_vae import ROUNDING


@metric(
    defaults={name: {"rows": "split"} for name in ("infogan-cr", "disentanglement-lib")},
    parts={"train": "number", "votes": "codes x factors"},
    cost="small",
    moved_by={"shuffled": "other groups are drawn", "permuted": "other groups are drawn"},
)
def z_min_variance(
    parts: Parts,
    seed: int,
    *,
    votes: Annotated[int, "Groups to learn from."] = 2000,
    size: Annotated[int, "Rows in each group."] = 50,
    threshold: Annotated[float, "Smallest standard deviation of a code that votes."] = 0.05,
) -> Result:
    """Whether the code that varies least among rows of one factor value names the factor.

    Like ``factor_vae``, but the groups of ``size`` are drawn (with replacement) from the labelled rows at
    hand, so that a finite labelled set or a codes file is enough: ``votes`` groups of the training rows
    teach which factor each code stands for, half as many of the test rows are judged. Codes of standard
    deviation below ``threshold`` do not vote. From 0 to 1, chance about 1/F. Kim and Mnih 2018, section 4;
    the finite form is that of Carbonneau et al. 2022 (Measuring disentanglement: a review of metrics). Parts:
    ``train``, ``votes`` (K, F'), ``active_codes``, ``left_out``. Factors without a value that two rows of
    both halves share are left out; none left: null. Other factors are as random as the rows have them.

    Known biases: as ``factor_vae``; with few rows per value the groups repeat rows, which lowers the
    variance of every code alike.
    """
    if votes < 2 or size < 2:
        raise Undefined("votes and size must be at least 2")
    scale = parts.train.codes.std(axis=0)
    active = (scale > ROUNDING * np.hypot(scale, parts.train.codes.mean(axis=0))) & (scale >= threshold)
    halves = [parts.train] if parts.test is parts.train else [parts.train, parts.test]
    usable = [
        k for k in range(len(parts.factor_ids)) if all(len(_shared_values(h.ids[:, k])) for h in halves)
    ]
    left_out = parts.left_out + [parts.factor_ids[k] for k in range(len(parts.factor_ids)) if k not in usable]
    if not usable:
        raise Undefined("no factor has a value that at least two rows of each half share")
    nothing = [[0] * len(parts.factor_ids)] * len(scale)
    result: Result = {"score": 0.0, "train": 0.0, "votes": nothing}
    if active.any():
        rng = np.random.default_rng(seed)
        learnt = _vote(parts.train, usable, scale, active, votes, size, rng)
        fresh = _vote(parts.test, usable, scale, active, -(-votes // 2), size, rng)
        stands_for = learnt.argmax(axis=1)
        codes = np.arange(len(scale))
        result = {
            "score": float(fresh[codes, stands_for].sum() / fresh.sum()),
            "train": float(learnt[codes, stands_for].sum() / learnt.sum()),
            "votes": learnt.tolist(),
        }
    return result | {"active_codes": np.flatnonzero(active).tolist(), "left_out": sorted(left_out)}


def _shared_values(classes: Ints) -> Ints:
    """The class ids that at least two rows have."""
    return np.flatnonzero(np.bincount(classes) >= 2)


def _vote(
    half: Half,
    usable: list[int],
    scale: Doubles,
    active: Bools,
    votes: int,
    size: int,
    rng: np.random.Generator,
) -> Ints:
    """Count, per code and factor, the groups it varied least in: (K, F')."""
    counts = np.zeros((len(scale), half.ids.shape[1]), np.int64)
    inverse = np.where(active, 1 / np.where(active, scale, 1.0), 0.0)
    for k, number in zip(usable, np.bincount(np.arange(votes) % len(usable)), strict=False):
        classes = half.ids[:, k]
        order = np.argsort(classes, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(classes))])
        values = rng.choice(_shared_values(classes), number)
        low, high = starts[values], starts[values + 1]
        rows = order[rng.integers(low[:, None], high[:, None], (number, size))]  # (number, size)
        spread = (half.codes[rows] * inverse).var(axis=1)
        spread[:, ~active] = np.inf
        counts[:, k] = np.bincount(spread.argmin(axis=1), minlength=len(scale))
    return counts

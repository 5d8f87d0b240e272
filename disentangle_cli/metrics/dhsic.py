"""Joint Hilbert-Schmidt independence criterion of the codes."""

from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.metric import TRAINING_ROWS, Result, Undefined, metric

BLOCK = 256
"""Rows of the kernel matrices held at a time."""


@metric(
    drawn=TRAINING_ROWS,
    parts={"terms": "list"},
    bounds=(0.0, float("inf")),
    higher_is_better=False,
    cost="seconds",
)
def dhsic(
    learning_codes: Doubles, seed: int, *, samples: Annotated[int, "Rows used at most."] = 5000
) -> Result:
    """How far the codes are from jointly independent, nonlinear dependence included.

    With the kernel k_d(i, j) = exp(-|z_id - z_jd| / h_d^2), h_d the median of all N^2 distances: mean over
    pairs of the product of the kernels + product of their means - 2 / N * sum over i of the product of their
    row means. No labels. From 0 (up to rounding). Pfister et al. 2018, section 4, with the kernel of the
    InfoGAN-CR code. At most ``samples`` rows (a seeded choice), blockwise: memory for a few times 256 N
    numbers. Parts: ``terms`` (the three), ``active_codes``. Constant codes change nothing and are left out;
    null with fewer than two others, and when more than half of a code's distances are 0.

    Known biases: the distance is not squared while its scale is, so rescaling codes changes the value; with
    many codes the product of the kernels tends to 0, and the score with it; independent codes score above 0,
    up to about 1 / N, so compare equal numbers of rows and more than a few hundred.
    """
    codes = learning_codes
    if samples < 2:
        raise Undefined("samples must be at least 2")
    if len(codes) > samples:
        codes = codes[np.sort(np.random.default_rng(seed).choice(len(codes), samples, replace=False))]
    active = np.flatnonzero(np.ptp(codes, axis=0) > 0)
    if len(active) < 2:
        raise Undefined("independence needs at least two codes that vary")
    codes = codes[:, active]
    widths = np.array([_median_distance(code) for code in codes.T])
    if not widths.all():
        raise Undefined(f"more than half of the distances of code {active[widths.argmin()] + 1} are 0")
    joint, row_means = _kernel_sums(codes, np.square(widths))
    terms = [joint, float(row_means.mean(axis=0).prod()), -2 * float(row_means.prod(axis=1).mean())]
    return {"score": sum(terms), "terms": terms, "active_codes": active.tolist()}


def _median_distance(code: Doubles) -> float:
    """Median of |a - b| over all ordered pairs, each entry with itself included: (N,) -> scalar."""
    ordered = np.sort(code)
    count = len(code) ** 2
    return (_ranked_distance(ordered, (count - 1) // 2) + _ranked_distance(ordered, count // 2)) / 2


def _ranked_distance(ordered: Doubles, rank: int) -> float:
    """The distance of that rank (from 0) among all ordered pairs of a sorted column, by bisection.

    All pairs are never held: with N = 5000 they take 200 MB, and their median most of the metric's time.
    """
    own = np.arange(len(ordered))

    def within(distance: float) -> int:
        later = np.searchsorted(ordered, ordered + distance, side="right") - own
        return int(2 * later.sum() - len(ordered))

    low, high = 0.0, float(ordered[-1] - ordered[0])
    if within(low) > rank:
        return low
    while low < (middle := low + (high - low) / 2) < high:
        low, high = (low, middle) if within(middle) > rank else (middle, high)
    return high


def _kernel_sums(codes: Doubles, scale: Doubles) -> tuple[float, Doubles]:
    """Mean over pairs of the product of kernels, and each kernel's row means: (N, K), (K,) -> (N, K)."""
    rows = len(codes)
    total, row_sums = 0.0, np.zeros_like(codes)
    for start in range(0, rows, BLOCK):
        block = codes[start : start + BLOCK]
        size = len(block)
        product = np.ones((size, rows - start))  # the kernels are symmetric: only columns from here on
        for d, width in enumerate(scale):
            kernel = np.exp(np.abs(block[:, d, None] - codes[None, start:, d]) / -width)
            row_sums[start : start + size, d] += kernel.sum(axis=1)
            row_sums[start + size :, d] += kernel[:, size:].sum(axis=0)
            product *= kernel
        total += float(product[:, :size].sum() + 2 * product[:, size:].sum())
    return total / rows**2, row_sums / rows

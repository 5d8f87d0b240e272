"""Kernel inception distance."""

from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, Undefined, metric


@metric(
    parts={"std_subsets": "number"},
    bounds=(float("-inf"), float("inf")),
    higher_is_better=False,
    cost="generating, Inception: minutes",
)
def kid(
    real_features: Floats,
    generated_features: Floats,
    seed: int,
    *,
    subsets: Annotated[int, "Random subsets."] = 100,
    size: Annotated[int, "Images in each subset."] = 1000,
) -> Result:
    """How far generated images are from real ones by a kernel test, without the bias of ``fid``.

    Mean over ``subsets`` random subsets of ``size`` images each of the unbiased squared maximum mean
    discrepancy with the kernel (x.y / D + 1)^3, from the features that ``fid`` uses. About 0 for equal
    distributions, then a little below or above. Binkowski et al. 2018, section 4. Part: ``std_subsets``.

    Known biases: Inception knows photographs, not sprites; noisy with small subsets.
    """
    real, made = real_features.astype(np.float64), generated_features.astype(np.float64)
    size = min(size, len(real), len(made))
    if size < 2 or subsets < 1:
        raise Undefined("needs at least two images of each kind and one subset")
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = made[rng.choice(len(made), size, replace=False)]
        xx, yy, xy = ((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
        within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (size * (size - 1))
        found.append(within - 2 * xy.mean())
    return {"score": float(np.mean(found)), "std_subsets": float(np.std(found))}

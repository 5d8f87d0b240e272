"""How much each code of a generator does, without labels and without a posterior.

The activity of code c is e_c = E|G(l) - G(l with c drawn anew)|^2 / E|G(l) - G(l')|^2 over prior samples
l, l', everything else shared: the part of the images' variation that goes with this code alone. It is 0
for a code that G ignores, whatever kind of model G belongs to.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from disentangle_cli.selection import draws
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.selection import Task

_BLOCK = 250


def activity(member: Member, task: Task) -> NDArray[np.float64]:
    """(K,) activity of each code of a generator, at least 0; kept on disk like all evaluations."""
    cache = ArrayCache(task.cache)
    pairs = task.settings.activity_pairs
    path = cache.path(
        activity=member.identity, pairs=pairs, seed=task.seed, device=task.pool.device
    )  # fmt: skip
    if (found := cache.load(path, "activity")) is not None:
        return found[0]
    measured = _measure(member, f"{task.seed}/{member.identity}", pairs)
    cache.save(path, activity=measured)
    return measured


def _measure(member: Member, name: str, pairs: int) -> NDArray[np.float64]:
    model, columns = member.model, member.latents.code_columns
    alone, total = np.zeros(len(columns)), 0.0
    for start in range(0, pairs, _BLOCK):
        stream = draws.stream(name, "activity", start)
        count = min(_BLOCK, pairs - start)
        first, second = (model.sample_latents(_BLOCK, stream)[:count] for _ in range(2))
        images = model.generate(first)
        total += _distance(images, model.generate(second))
        for code, column in enumerate(columns):
            changed = first.clone()
            changed[:, column] = second[:, column]
            alone[code] += _distance(images, model.generate(changed))
    return alone / total if total > 0 else alone


def _distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Sum of squared differences over everything."""
    return float((first - second).double().square().sum())

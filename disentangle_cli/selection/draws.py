"""The latents that ModelCentrality draws from a generator.

Every draw depends on the seed and on the content of the generator only, never on the pool, on the
order of the models or on how the work is split; a smaller count gives a prefix of a larger one.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.models import Model

BLOCK = 1024


def stream(*parts: object) -> torch.Generator:
    """A random stream named by its parts, independent of every other name."""
    return torch.Generator().manual_seed(_number(parts))


def numpy_stream(*parts: object) -> np.random.Generator:
    """Like :func:`stream`, for numpy."""
    return np.random.default_rng(_number(parts))


def _number(parts: tuple[object, ...]) -> int:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True)
class Group:
    """One group: latent dimension ``column`` is held fixed; ``label`` counts the codes in play."""

    label: int
    column: int
    repeat: int


def groups(columns: list[int], per_code: int) -> list[Group]:
    """All groups, the codes taking turns: group i holds code ``i mod K`` fixed."""
    return [Group(label, column, r) for r in range(per_code) for label, column in enumerate(columns)]


def group_latents(model: Model, name: str, group: Group, size: int) -> Tensor:
    """(size, L) prior samples whose fixed code has the first sample's value; noise is never fixed.

    ``name`` stands for the seed and the content of the model.
    """
    latents = model.sample_latents(size, stream(name, "group", group.column, group.repeat))
    latents[:, group.column] = latents[0, group.column].clone()
    return latents


def prior_latents(model: Model, name: str, count: int) -> Iterator[Tensor]:
    """``count`` prior samples in blocks of (at most 1024, L)."""
    for block in range((count + BLOCK - 1) // BLOCK):
        # the whole block is drawn, so that a smaller count is a prefix
        latents = model.sample_latents(BLOCK, stream(name, "prior", block))
        yield latents[: count - block * BLOCK]

"""Rankings of made-up pools: no network is trained, no image encoded; everything a report shows is there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.api.rank import Ranking
from disentangle_cli.latents import Block, Latents
from disentangle_cli.modelling.origin import Origin
from disentangle_cli.selection import Selection
from disentangle_cli.selection.conclude import compared, conclude
from disentangle_cli.selection.pool import Member, Pool
from disentangle_cli.selection.ranking import agreement
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.votes import CrossVotes, Votes

GROUPS = 20


@dataclass
class Painter:
    """A generator: each code moves the colours or the place of a pattern, or noise where ``noisy``."""

    latents: Latents
    image_shape: tuple[int, int, int]
    seed: int
    noisy: bool

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        return self.latents.sample(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        channels, height, width = self.image_shape
        rng = torch.Generator().manual_seed(self.seed)
        if self.noisy:
            return torch.rand((len(latents), channels, height, width), generator=rng)
        down, across = torch.meshgrid(
            torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij"
        )
        first, second = latents[:, 0, None, None], latents[:, 1, None, None]
        pattern = torch.sin(6 * (across[None] * (1.5 + first)) + 5 * (down[None] * (1.2 + second)))
        return torch.stack([(pattern + k) / (1 + k) for k in range(channels)], dim=1).clamp(0, 1)

    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, : self.latents.num_codes]

    def posterior(self, images: Tensor) -> None:
        return None


def made_ranking(
    names: Sequence[str],
    *,
    shape: tuple[int, int, int] = (3, 16, 16),
    codes: int = 3,
    noisy: bool = False,
    methods: Sequence[str] = ("model-centrality",),
    votes: bool = True,
    good: int = 4,
) -> Ranking:
    """The first ``good`` models agree with each other, the others with nobody; later methods differ."""
    latents = Latents((Block("codes", "uniform", codes, True),))
    members = tuple(
        Member(
            name,
            hashlib.sha256(name.encode()).hexdigest(),
            shape,
            latents,
            Origin("toy"),
            "gan",
            partial(_open, Painter(latents, shape, seed, noisy)),
        )
        for seed, name in enumerate(names)
    )
    pool = Pool(members, (), "cpu")
    task = Task(pool, settings=Settings(replicates=60, inactive="keep"))
    selections = [
        _selection(task, method, min(good, len(names)), number, votes and not number)
        for number, method in enumerate(methods)
    ]
    return Ranking(pool, selections, 0, agreement(selections), None, None)


def _open(painter: Painter) -> Any:
    return painter


def _selection(task: Task, method: str, good: int, number: int, votes: bool) -> Selection:
    n = len(task.pool)
    rng = np.random.default_rng(number)
    likeness = np.zeros(n)
    likeness[:good] = 0.9 - 0.02 * np.arange(good)
    if number:
        likeness[:good] = likeness[:good][::-1]
    matrix = np.clip(np.minimum.outer(likeness, likeness) + rng.uniform(0, 0.05, (n, n)), 0, 1)
    matrix = (matrix + matrix.T) / 2
    codes = task.pool.members[0].latents.num_codes
    cast = _votes(n, codes, good, rng) if votes else None
    columns = [list(range(codes))] * n
    return conclude(task, method, matrix, [codes] * n, compared(task, matrix), votes=cast, columns=columns)


def _votes(n: int, codes: int, good: int, rng: np.random.Generator) -> CrossVotes:
    """Code k of good model i is code (k - i) of the first one; bad ones guess."""
    labels = np.tile(np.arange(codes), GROUPS)
    cast = {}
    for i in range(n):
        for j in range(n):
            right = (labels - j + i) % codes if max(i, j) < good else rng.integers(0, codes, len(labels))
            cast[i, j] = Votes(right, labels, np.ones(codes, dtype=bool))
    return cast

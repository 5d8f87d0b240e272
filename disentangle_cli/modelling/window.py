"""Windows on a data set: the images that are alike in what a model has learnt already."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SEEN = 100_000
"""Images of a data set that are looked at; of a smaller one, all."""
CHUNK = 64
"""Images at a time."""
LEAST = 1024
"""Images in the smallest window; fewer would be learnt by heart."""
TELLING = 0.3
"""Correlation of a code with the loss from which on the window moves along it ..."""
TOWARDS = 0.8
"""... to this rank, of -1 to 1."""


class Images(Protocol):
    """The images that a model is trained on."""

    def __len__(self) -> int:
        """How many there are."""

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """Those of rows (n,): (n, C, H, W) float32 in [0, 1], on the model's device."""


@dataclass(frozen=True)
class Window:
    """Images by their distance from a place among the codes.

    ``rows`` (n,) int64 are rows of the data set, nearest first; ``distances`` (n,) are the largest distance
    in any code, in ranks from -1 to 1: the window of half width 2 is everything.
    """

    rows: Tensor
    distances: Tensor

    def draw(self, n: int, half_width: float, rng: torch.Generator) -> NDArray[np.int64]:
        """``n`` rows from within ``half_width``, with replacement."""
        inside = int(torch.searchsorted(self.distances, torch.tensor(half_width, dtype=self.distances.dtype)))
        count = min(max(inside, LEAST), len(self.rows))
        drawn: NDArray[np.int64] = self.rows[torch.randint(count, (n,), generator=rng)].numpy()
        return drawn


def looked_at(images: Images, rng: torch.Generator) -> Tensor:
    """Rows (n,) int64, ascending: up to :data:`SEEN`, without replacement."""
    return torch.randperm(len(images), generator=rng)[:SEEN].sort().values


def each_chunk(images: Images, rows: Tensor) -> Iterator[Tensor]:
    """Their images, :data:`CHUNK` at a time."""
    return (images.images(chunk.numpy()) for chunk in torch.split(rows, CHUNK))


def open_window(rows: Tensor, codes: Tensor, losses: Tensor, every: int) -> Window:
    """The window at the place where most is left to learn.

    Args:
        rows: (n,) of the data set.
        codes: (n, K) on the CPU: what the window is to hold nearly constant.
        losses: (m,) what is left to learn, for the rows of every ``every``-th chunk.
        every: see ``losses``.
    """
    ranks = (codes.argsort(0).argsort(0).to(torch.float32) + 0.5) / len(codes) * 2 - 1
    sampled = torch.cat(torch.split(ranks, CHUNK)[::every])
    centred, left = sampled - sampled.mean(0), losses - losses.mean()
    correlation = (centred * left[:, None]).mean(0) / (centred.std(0) * left.std()).clamp(min=1e-12)
    centre = torch.where(correlation.abs() > TELLING, correlation.sign() * TOWARDS, 0.0)
    distances, order = (ranks - centre).abs().amax(1).sort()
    return Window(rows[order], distances)

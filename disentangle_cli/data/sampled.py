"""Data sets whose images are drawn at random points of continuous factors."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.classes import binned
from disentangle_cli.data.dataset import Dataset, Factor
from disentangle_cli.data.labels import BINS
from disentangle_cli.data.packed_cache import cached, is_cached
from disentangle_cli.data.pixels import Layout, Pixels, Source
from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ordered import in_order

Number = TypeVar("Number", np.float64, np.int64)

BLOCK = 256
"""Images that a process draws before it hands them over."""
MANY = 5_000
"""So many images are drawn by several processes and kept; fewer are drawn when they are asked for."""


@dataclass(frozen=True)
class Scene:
    """What is drawn.

    Attributes:
        factors: names of the latents, and the range of each.
        draw: ``n`` of them, ``(n, F)``, each independent of the others.
        render: images ``(n, C, H, W)`` of latents ``(n, F)``; a function of a module (processes get it).
    """

    factors: Mapping[str, tuple[float, float]]
    draw: Callable[[np.random.RandomState, int], Doubles]
    render: Callable[[Doubles], Bytes]


class SampledDataset(Dataset):
    """Images of a :class:`Scene` at ``count`` points drawn at random, by ``seed``.

    The class of an image in a factor is one of 20 equal-width bins between the smallest and the largest
    value that were drawn, as in the official metrics (Lin et al., 2020).
    Groups that share a factor share its exact value: :meth:`draw_like` gives indices from ``count`` on, which
    are images with one factor of one image and all others of another; they are drawn when they are asked for.
    """

    scene: Scene
    count: int
    seed: int

    def __init__(self) -> None:
        middles = (np.arange(BINS) + 0.5) / BINS
        self.factors = tuple(
            Factor(name, BINS, tuple((low + (high - low) * middles).tolist()), continuous=True)
            for name, (low, high) in self.scene.factors.items()
        )
        self._others: tuple[Ints, Pixels] | None = None  # images of groups, by their ascending indices

    @cached_property
    def _latents(self) -> Doubles:
        return self.scene.draw(np.random.RandomState(self.seed), self.count)

    @cached_property
    def _classes(self) -> Ints:
        return np.stack([binned(column, BINS) for column in self._latents.T], axis=1)

    def __len__(self) -> int:
        return self.count

    def values(self, indices: Ints) -> Doubles:
        """Factor values ``(n, F)`` of images of the set and of those that :meth:`draw_like` gives."""
        return self._of_rows(self._latents, np.asarray(indices))

    def classes(self, indices: Ints) -> Ints:
        """Class ids ``(n, F)`` of the same."""
        return self._of_rows(self._classes, np.asarray(indices))

    def draw_like(self, rng: np.random.Generator, factor: int, indices: Ints) -> Ints:
        """Images with the very value in ``factor`` of the images ``indices (n,)`` of the set.

        All other factors are those of an image at random.
        """
        others = rng.integers(0, len(self), len(indices), dtype=np.int64)
        return len(self) + (factor * len(self) + indices) * len(self) + others

    def _of_rows(self, table: NDArray[Number], indices: Ints) -> NDArray[Number]:
        """Rows of ``table (N, F)``; one column of an index from N on comes from another row."""
        mixed = np.flatnonzero(indices >= len(self))
        held, others = np.divmod(indices[mixed] - len(self), len(self))
        factors, rows = np.divmod(held, len(self))
        chosen = np.array(indices)
        chosen[mixed] = others
        found = table[chosen]
        found[mixed, factors] = table[rows, factors]
        return found

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, C, H, W)``, kept ones or drawn now."""
        indices = np.asarray(indices)
        found = np.empty((len(indices), *self.image_shape), np.uint8)
        missing = np.ones(len(indices), bool)
        own = indices < len(self)
        if own.any() and ("pixels" in self.__dict__ or self.in_cache):
            found[own] = self.pixels.images(indices[own])
            missing[own] = False
        if self._others is not None and missing.any():
            rows, pixels = self._others
            places = np.searchsorted(rows, indices).clip(max=len(rows) - 1)
            there = np.flatnonzero(rows[places] == indices)
            found[there] = pixels.images(places[there])
            missing[there] = False
        if missing.any():
            found[missing] = self.scene.render(self.values(indices[missing]))
        return found

    def prepare(self, indices: Ints) -> None:
        """Draw many images at once and keep them: the whole set, or those of the latest groups."""
        own = np.unique(indices[indices < len(self)])
        others = np.unique(indices[indices >= len(self)])
        if len(own) >= MANY:
            _ = self.pixels
        if len(others) >= MANY:
            key = f"{self.fingerprint} {hashlib.sha256(others.tobytes()).hexdigest()}"
            what = f"{len(others)} images of {self.name} for groups"
            self._others = others, cached(f"{self.name}-groups", key, lambda: self._source(others), what)

    @property
    def in_cache(self) -> bool:
        """Whether the images of the set are in the cache folder."""
        return is_cached(self.name, self.fingerprint)

    @cached_property
    def is_binary(self) -> bool:
        """False: edges are smooth."""
        return False

    @cached_property
    def pixels(self) -> Pixels:
        """The images of the set, drawn if they are not in the cache folder."""
        rows = np.arange(len(self))
        found = cached(self.name, self.fingerprint, lambda: self._source(rows), f"rendered {self.name}")
        if f"sha256:{found.digest}" != self.fingerprint:
            output.warn(
                f"this machine renders some pixels of {self.name} otherwise than others do; "
                "compare its numbers with those of other machines with care"
            )
        return found

    def _source(self, indices: Ints) -> Source:
        layout = Layout(len(indices), self.image_shape, packed=False)
        tasks = (
            _Block(self.scene.render, self.values(indices[start : start + BLOCK]))
            for start in range(0, len(indices), BLOCK)
        )
        return Source(layout, in_order(_drawn, tasks, jobs=None if len(indices) >= MANY else 1))


@dataclass(frozen=True, eq=False)
class _Block:
    """Images to draw."""

    render: Callable[[Doubles], Bytes]
    latents: Doubles

    def __str__(self) -> str:
        return f"drawing {len(self.latents)} images"


def _drawn(block: _Block, _: Control) -> Bytes:
    """The images, ``(n, C * H * W)``."""
    return block.render(block.latents).reshape(len(block.latents), -1)

"""dSprites in colour: what disentanglement_lib draws anew for each batch, drawn once for each image.

Numbers come from the index of an image alone, so that an image is the same whenever and in whatever batch it
is asked for, and none of the nine gigabytes of a set is kept.
"""

from abc import abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bools, Bytes, Doubles, Ints
from disentangle_cli.data import dsprites
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.data.packed_cache import is_cached
from disentangle_cli.data.pixels import Pixels

SIDE = dsprites.LAYOUT.shape[1]
Words = NDArray[np.uint64]


class PaintedSprites(GridDataset):
    """The sprites of dSprites, of the same factors, painted by :meth:`paint`."""

    image_shape = (3, SIDE, SIDE)
    factors = dsprites.FACTORS
    is_binary = False

    @property
    def in_cache(self) -> bool:
        """Whether the sprites are in the cache folder."""
        return is_cached(dsprites.NAME, dsprites.KEY)

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, 3, 64, 64)``, 0 to 255."""
        indices = np.asarray(indices) % len(self)  # -1 is the last
        return self.paint(self._sprites.images(indices)[:, 0] > 0, indices)

    @cached_property
    def _sprites(self) -> Pixels:
        return dsprites.rendered()

    @abstractmethod
    def paint(self, sprites: Bools, indices: Ints) -> Bytes:
        """Images ``(n, 3, 64, 64)``, where the sprites ``(n, 64, 64)`` are those of ``indices (n,)``."""


def random_words(indices: Ints, count: int) -> Words:
    """Random words ``(n, count)`` of 64 bits, those of an index always the same.

    They are numbers ``index * count`` onwards of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    first = indices.astype(np.uint64) * np.uint64(count)
    words: Words = np.add.outer(first, np.arange(1, count + 1, dtype=np.uint64))
    words *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    return words


def random_numbers(indices: Ints, count: int) -> Doubles:
    """Numbers ``(n, count)`` uniform in [0, 1)."""
    return (random_words(indices, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def random_levels(indices: Ints, count: int) -> Bytes:
    """Levels ``(n, count)``: 255 times a number uniform in [0, 1), rounded; ``count`` is a multiple of 4."""
    parts = random_words(indices, count // 4).astype("<u8", copy=False).view("<u2")  # 16 bits of each number
    return ((parts.astype(np.uint32) * 255 + 2**15) >> 16).astype(np.uint8)

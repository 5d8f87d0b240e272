"""Images held as rows of bytes, in memory or in a memory map, unpacked batch by batch."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.output import warn

DARK = 80
"""Of 255: what has no brighter pixel in all images may have been stored with more bits than it has."""


@dataclass(frozen=True)
class Layout:
    """How many images there are, of what shape, and how a row of bytes holds one.

    ``packed``: the images are black and white and a row holds one bit per value (1 is 255),
    else one byte per value; either way in the order ``C, H, W``.
    """

    count: int
    shape: tuple[int, int, int]
    packed: bool

    @property
    def row(self) -> int:
        """Bytes per image."""
        values = math.prod(self.shape)
        return -(-values // 8) if self.packed else values

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return self.count * self.row


def _no_notes() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Source:
    """Images to be stored: their layout, and blocks ``(m, row) uint8``.

    The layout's count is how many there are at most: those of the blocks count. ``notes`` gives, when all
    blocks have been taken, what is to be kept beside the images: an object of JSON.
    """

    layout: Layout
    blocks: Iterable[Bytes]
    notes: Callable[[], Mapping[str, Any]] = _no_notes


@dataclass(eq=False)
class Pixels:
    """Stored images: ``rows (N, row) uint8``, the SHA-256 of all their bytes, and notes of their source.

    Who uses them asks :meth:`raw` or :meth:`images`, which check them where they were kept on disk.
    """

    layout: Layout
    rows: Bytes
    digest: str
    notes: Mapping[str, Any] = field(default_factory=dict)

    def raw(self, indices: Ints) -> Bytes:
        """The rows at ``indices (n,)``: ``(n, row)``. Only these are read."""
        return self.rows[np.asarray(indices)]

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, C, H, W)``, 0 to 255. Only these are read."""
        rows = self.raw(indices)
        if self.layout.packed:
            rows = np.unpackbits(rows, axis=1, count=math.prod(self.layout.shape))
            np.negative(rows, out=rows)  # 0 stays 0, 1 becomes 255
        return np.ascontiguousarray(rows).reshape(len(rows), *self.layout.shape)


def in_memory(source: Source) -> Pixels:
    """Hold the images of ``source`` in memory."""
    rows = np.empty((source.layout.count, source.layout.row), np.uint8)
    done = 0
    for block in source.blocks:
        rows[done : done + len(block)] = block
        done += len(block)
    rows, layout = rows[:done], replace(source.layout, count=done)
    return Pixels(layout, rows, hashlib.sha256(rows.data).hexdigest(), source.notes())


def warn_if_dark(path: Path, brightest: int) -> None:
    """Warn that what was read from ``path`` may have fewer bits than it is stored with."""
    if brightest < DARK:
        warn(
            f"{path}: no pixel is brighter than {brightest} of 255; images that have fewer bits than they "
            "are stored with (12 in 16, or 0 and 1) want to be scaled up first"
        )

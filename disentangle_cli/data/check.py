"""What ``dcr data check`` finds out about a data set by reading all of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.data.dataset import Dataset, IntArray
from disentangle_cli.data.pixels import Pixels

_BLOCK = 4096  # images
_BITS = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Comparison:
    """How a labelled set differs from the dSprites images of the same classes."""

    images: int
    differing_images: int
    differing_pixels: int


def value_range(dataset: Dataset) -> tuple[int, int]:
    """Smallest and largest value (0 to 255) of all images."""
    low, high = 255, 0
    for indices in _blocks(dataset, "reading values"):
        images = dataset.images(indices)
        low, high = min(low, int(images.min())), max(high, int(images.max()))
        if (low, high) == (0, 255):
            break
    return low, high


def has_dsprites_layout(dataset: Dataset) -> bool:
    """Whether images and factors are those of dSprites: 64x64, black and white, the five factors."""
    from disentangle_cli.datasets.dsprites import FACTORS, LAYOUT

    pixels = getattr(dataset, "pixels", None)
    if not isinstance(pixels, Pixels) or pixels.layout.shape != LAYOUT.shape or not pixels.layout.packed:
        return False
    return [(f.name, f.size) for f in dataset.factors] == [(f.name, f.size) for f in FACTORS]


def compare_with_dsprites(pixels: Pixels, dataset: Dataset) -> Comparison:
    """Compare every pixel of ``dataset``, whose stored images are ``pixels``, with the renderer's."""
    from disentangle_cli.datasets.dsprites import DSprites

    reference = DSprites()
    images = total = 0
    for indices in _blocks(dataset, "comparing with dSprites"):
        rendered = reference.pixels.rows[reference.index(dataset.classes(indices))]
        per_image = _differences(pixels.rows[indices], rendered)
        images += int(np.count_nonzero(per_image))
        total += int(per_image.sum())
    return Comparison(len(dataset), images, total)


def _differences(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> IntArray:
    """Differing pixels per image ``(n,)`` of bit-packed rows ``(n, row)``."""
    changed = found ^ expected
    counts = np.zeros(len(changed), np.int64)
    rows = np.flatnonzero(changed.any(axis=1))
    counts[rows] = _BITS[changed[rows]].sum(axis=1, dtype=np.int64)
    return counts


def _blocks(dataset: Dataset, what: str) -> Iterator[IntArray]:
    with output.progress(total=len(dataset), desc=what, unit="images") as bar:
        for start in range(0, len(dataset), _BLOCK):
            indices = np.arange(start, min(start + _BLOCK, len(dataset)), dtype=np.int64)
            yield indices
            bar.update(len(indices))

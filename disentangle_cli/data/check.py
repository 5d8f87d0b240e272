"""What ``dcr data check`` finds out about a data set by reading all of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Ints
from disentangle_cli.data import dsprites
from disentangle_cli.data.dataset import Dataset

_BLOCK = 4096  # images


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


def compare_with_dsprites(dataset: Dataset) -> Comparison | None:
    """Compare every pixel with the renderer's; None for a set of other images or factors."""
    own, shape = dataset.pixels, dsprites.LAYOUT.shape
    named = [[(f.name, f.size) for f in factors] for factors in (dataset.factors, dsprites.FACTORS)]
    if own is None or not own.layout.packed or own.layout.shape != shape or named[0] != named[1]:
        return None
    reference = dsprites.rendered()
    sizes = tuple(factor.size for factor in dsprites.FACTORS)
    images = total = 0
    for indices in _blocks(dataset, "comparing with dSprites"):
        same = np.ravel_multi_index(tuple(dataset.classes(indices).T), sizes)
        changed = own.rows[indices] ^ reference.rows[same]
        differing = changed[changed.any(axis=1)]
        images += len(differing)
        total += int(np.unpackbits(differing).sum(dtype=np.int64))
    return Comparison(len(dataset), images, total)


def _blocks(dataset: Dataset, what: str) -> Iterator[Ints]:
    with output.progress(total=len(dataset), desc=what, unit="images") as bar:
        for indices in dataset.blocks(_BLOCK):
            yield indices
            bar.update(len(indices))

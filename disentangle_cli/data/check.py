"""What ``dcr data check`` finds out about a data set by reading all of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Ints
from disentangle_cli.data import dsprites
from disentangle_cli.data.dataset import Dataset

_BLOCK = 4096  # images
_SAME = 1e-5  # how far a value may be from that of dSprites, whose values are at least 0.03 apart


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
    own, originals = dataset.pixels, _original_classes(dataset)
    if own is None or not own.layout.packed or own.layout.shape != dsprites.LAYOUT.shape or originals is None:
        return None
    reference = dsprites.rendered()
    sizes = tuple(factor.size for factor in dsprites.FACTORS)
    images = total = 0
    for indices in _blocks(dataset, "comparing with dSprites"):
        classes = dataset.classes(indices).T
        same = np.ravel_multi_index([ids[c] for ids, c in zip(originals, classes, strict=True)], sizes)
        changed = own.raw(indices) ^ reference.raw(same)
        differing = changed[changed.any(axis=1)]
        images += len(differing)
        total += int(np.unpackbits(differing).sum(dtype=np.int64))
    return Comparison(len(dataset), images, total)


def _original_classes(dataset: Dataset) -> list[Ints] | None:
    """The class of dSprites that each class of a factor is, told by its value; None for other factors.

    Where values say nothing (a file may have class ids alone), a set of all classes has those of dSprites.
    """
    pairs = list(zip(dataset.factors, dsprites.FACTORS, strict=False))
    if len(dataset.factors) != len(dsprites.FACTORS) or any(own.name != other.name for own, other in pairs):
        return None
    found = [np.abs(np.subtract.outer(own.values, other.values)) for own, other in pairs]
    if all((distance.min(axis=1) < _SAME).all() for distance in found):
        return [distance.argmin(axis=1).astype(np.int64) for distance in found]
    full = all(own.size == other.size for own, other in pairs)
    return [np.arange(own.size) for own, _ in pairs] if full else None


def _blocks(dataset: Dataset, what: str) -> Iterator[Ints]:
    with output.progress(total=len(dataset), desc=what, unit="images") as bar:
        for indices in dataset.blocks(_BLOCK):
            yield indices
            bar.update(len(indices))

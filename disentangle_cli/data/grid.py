"""Data sets that hold every combination of their factors, in C order of the class ids."""

import math
from functools import cached_property

import numpy as np

from disentangle_cli.arraytypes import Ints
from disentangle_cli.data.dataset import Dataset, check_classes


class GridDataset(Dataset):
    """One image per combination of the factors; the last factor varies fastest."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of classes of each factor."""
        return tuple(factor.size for factor in self.factors)

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def classes(self, indices: Ints) -> Ints:
        """Class ids ``(n, F)`` of ``indices (n,)``."""
        return np.stack(np.unravel_index(indices, self.sizes), axis=-1).astype(np.int64)

    @cached_property
    def occurring_classes(self) -> tuple[Ints, ...]:
        """All classes of each factor."""
        return tuple(np.arange(size) for size in self.sizes)

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: Ints) -> Ints:
        """One index per entry of ``classes (n,)``: that class in ``factor``, the rest uniform.

        Raises:
            UsageError: a class id is outside the factor; names it and the class.
        """
        check_classes(self, factor, classes)
        return draw_grid(rng, self.sizes, factor, classes)


def draw_grid(rng: np.random.Generator, sizes: tuple[int, ...], factor: int, classes: Ints) -> Ints:
    """Indices ``(n,)`` into a grid of ``sizes``: ``classes (n,)`` in ``factor``, the rest uniform."""
    drawn = rng.integers(0, sizes, (len(classes), len(sizes)), dtype=np.int64)
    drawn[:, factor] = classes
    return np.asarray(np.ravel_multi_index(tuple(drawn.T), sizes), np.int64)

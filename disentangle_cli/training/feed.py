"""Batches of training images in a reproducible order that needs no state."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.datasets import Dataset


class Feed:
    """Every epoch is a new permutation; batches are consecutive slices; an incomplete last one is dropped.

    The permutation depends only on the seed and the epoch, so any iteration can be the first.
    """

    def __init__(self, dataset: Dataset, batch_size: int, seed: int, device: torch.device) -> None:
        """``batch_size`` is at most the number of images."""
        dataset.prepare(np.arange(len(dataset)))
        self._dataset = dataset
        self._batch_size = batch_size
        self._seed = seed
        self._device = device
        self._per_epoch = len(dataset) // batch_size
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Images of the data set."""
        return len(self._dataset)

    def rows(self, iteration: int) -> NDArray[np.int64]:
        """The rows of the data set that are the batch of an iteration: (B,)."""
        epoch, position = divmod(iteration, self._per_epoch)
        if epoch != self._epoch:
            self._order = np.random.default_rng([self._seed, epoch]).permutation(len(self._dataset))
            self._epoch = epoch
        start = position * self._batch_size
        return self._order[start : start + self._batch_size]

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """Images of any rows (n,): (n, C, H, W) float32 in [0, 1]."""
        return self._dataset.tensors(rows, self._device)

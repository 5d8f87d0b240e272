"""Images of a data set as the arrays of an ``.npz`` file that dcr reads again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data.dataset import Dataset, places
from disentangle_cli.data.npz_reader import read_npy
from disentangle_cli.data.npz_writer import Streamed, write_npz
from disentangle_cli.errors import UsageError

_BLOCK = 1024  # images
MAX_INDICES = 2**30
"""Bytes of a file of indices."""


def choose(dataset: Dataset, num: int | None, seed: int, indices: Path | None) -> Ints:
    """Which images: those listed in ``indices``, else ``num`` distinct ones at random, else all in order.

    Raises:
        UsageError: there are fewer than ``num``, or the file of indices cannot be used; names it.
    """
    count = len(dataset)
    if indices is not None:
        return _read_indices(indices, dataset)
    if num is None:
        return np.arange(count, dtype=np.int64)
    if num > count:
        raise UsageError(f"{dataset.name} has {count} images; {num} different ones cannot be drawn")
    return np.random.default_rng(seed).choice(count, num, replace=False).astype(np.int64)


def export(dataset: Dataset, indices: Ints, path: Path) -> None:
    """Write the images at ``indices (N,)`` to ``path``.

    Arrays: ``imgs`` uint8, ``(N, H, W)`` or ``(N, H, W, 3)``, 0/1 if the set is black and white, else
    0 to 255; ``indices (N,)``; for a labelled set ``factors (N, F)`` class ids, ``factor_values``,
    ``factor_names``, ``factor_sizes``, ``is_continuous``; for a folder ``files (N,)``.

    Raises:
        RunError: the file cannot be written.
    """
    dataset.prepare(indices)
    channels, height, width = dataset.image_shape
    shape = (len(indices), height, width, *((channels,) if channels > 1 else ()))
    arrays: dict[str, NDArray[Any] | Streamed] = {
        "imgs": Streamed(shape, np.dtype(np.uint8), _blocks(dataset, indices)),
        **places(dataset, indices),
    }
    if dataset.factors:
        arrays |= {
            "factors": dataset.classes(indices),
            "factor_values": dataset.values(indices),
            "factor_names": np.array([factor.name for factor in dataset.factors]),
            "factor_sizes": np.array([factor.size for factor in dataset.factors], np.int64),
            "is_continuous": np.array([factor.continuous for factor in dataset.factors]),
        }
    write_npz(path, arrays)


def _blocks(dataset: Dataset, indices: Ints) -> Iterator[Bytes]:
    with output.progress(total=len(indices), desc=f"writing {dataset.name}", unit="images") as bar:
        for start in range(0, len(indices), _BLOCK):
            images = dataset.images(indices[start : start + _BLOCK]).transpose(0, 2, 3, 1)
            if images.shape[3] == 1:
                images = images[..., 0]
            yield np.minimum(images, 1) if dataset.is_binary else images
            bar.update(len(images))


def _read_indices(path: Path, dataset: Dataset) -> Ints:
    found = read_npy(path, "not a .npy file of indices", MAX_INDICES)
    if found.ndim != 1 or found.dtype.kind not in "iu" or not found.size:
        raise UsageError(f"{path}: indices must be whole numbers of shape (N,), N at least 1")
    if int(found.min()) < 0 or int(found.max()) >= len(dataset):
        raise UsageError(f"{path}: indices must be from 0 to {len(dataset) - 1} for {dataset.name}")
    return np.asarray(found, np.int64)

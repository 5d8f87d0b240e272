"""What a data set is: images by index and, where there are labels, factors to draw by."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Factor:
    """One ground-truth factor of variation.

    ``values[c]`` is the value that class id ``c`` (0 to ``size - 1``) stands for; ``continuous``
    says whether those values lie on a scale (a position) or are mere names (a shape).
    """

    name: str
    size: int
    values: tuple[float, ...]
    continuous: bool


class Dataset(ABC):
    """A finite, ordered set of images, with or without factors.

    Attributes:
        name: what the data set is called, e.g. ``dsprites`` or the stem of a file.
        fingerprint: defines the content: equal fingerprints mean equal pixels in equal order.
        image_shape: ``(C, H, W)``.
        factors: the labelled factors; an empty tuple when there are no labels.
    """

    name: str
    fingerprint: str
    image_shape: tuple[int, int, int]
    factors: tuple[Factor, ...]

    @abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abstractmethod
    def images(self, indices: IntArray) -> NDArray[np.uint8]:
        """The images at ``indices (n,)``: ``(n, C, H, W)``, 0 to 255."""

    @abstractmethod
    def classes(self, indices: IntArray) -> IntArray:
        """Class ids ``(n, F)`` of the images at ``indices (n,)``."""

    def values(self, indices: IntArray) -> NDArray[np.float64]:
        """Factor values ``(n, F)`` of the images at ``indices (n,)``, in each factor's own units."""
        classes = self.classes(indices)
        found = np.empty(classes.shape, np.float64)
        for column, factor in enumerate(self.factors):
            found[:, column] = np.asarray(factor.values, np.float64)[classes[:, column]]
        return found

    @cached_property
    def label_digest(self) -> str:
        """Hex SHA-256 of the labels, which ``fingerprint`` leaves out: factors, class ids and values."""
        rows = np.arange(len(self))
        digest = hashlib.sha256(repr(self.factors).encode())
        for part in (self.classes(rows), self.values(rows)):
            digest.update(part.tobytes())
        return digest.hexdigest()

    @property
    def in_cache(self) -> bool | None:
        """Whether the images are in the cache folder; None when they need none."""
        return None

    def draw(self, rng: np.random.Generator, n: int) -> IntArray:
        """``n`` indices, uniform over the images (for a full grid: over it), with replacement."""
        return rng.integers(0, len(self), n, dtype=np.int64)

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: IntArray) -> IntArray:
        """One index per entry of ``classes (n,)``: that class in ``factor``, the rest at random.

        Here the image is uniform among the rows that have the class.

        Raises:
            UsageError: no image has that class; names the factor and the value.
        """
        check_classes(self, factor, classes)
        order, starts = self._rows_by_class[factor]
        low, high = starts[classes], starts[classes + 1]
        if (missing := np.flatnonzero(low == high)).size:
            spec, wanted = self.factors[factor], int(classes[missing[0]])
            raise UsageError(
                f"{self.name} has no image with {spec.name}={spec.values[wanted]:g} (class {wanted})"
            )
        return order[rng.integers(low, high)]

    @cached_property
    def _rows_by_class(self) -> list[tuple[IntArray, IntArray]]:
        """Per factor: the rows sorted by class, and where each class starts in them."""
        table = self.classes(np.arange(len(self)))
        return [
            (
                np.argsort(table[:, column], kind="stable"),
                np.concatenate([[0], np.cumsum(np.bincount(table[:, column], minlength=factor.size))]),
            )
            for column, factor in enumerate(self.factors)
        ]


def check_classes(dataset: Dataset, factor: int, classes: IntArray) -> None:
    """Raise a UsageError that names the factor if a class id of ``classes (n,)`` is outside it."""
    spec = dataset.factors[factor]
    outside = np.flatnonzero((classes < 0) | (classes >= spec.size))
    if outside.size:
        raise UsageError(
            f"{dataset.name} has no {spec.name} of class {classes[outside[0]]}; "
            f"its classes are 0 to {spec.size - 1}"
        )


DATASETS: Registry[Callable[[], Dataset]] = Registry("disentangle_cli.datasets", "data set")


def open_dataset(spec: str, *, size: int | None = None, channels: int | None = None) -> Dataset:
    """Open a data set by its registered name, or an ``.npz`` file or a folder of images by path.

    A registered name wins over a folder of that name (``./dsprites`` means the folder).

    Args:
        spec: the name or the path.
        size: side of the square images that a folder is resized to (default 64).
        channels: 1 or 3 to read a folder as grey or as colour; by default colour if any image is.

    Raises:
        UsageError: there is no such data set, it cannot be read, or it has another size or
            another number of channels than asked for.
    """
    if size is not None and not 4 <= size <= 1024:
        raise UsageError(f"an image size must be from 4 to 1024 pixels, not {size}")
    if channels not in (None, 1, 3):
        raise UsageError(f"images have 1 or 3 channels, not {channels}")
    if spec in DATASETS.names():
        return _checked(DATASETS.get(spec)(), size, channels)
    try:
        path = Path(spec).expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # no such home, too long a name, ...
        raise UsageError(f"data set {spec!r}: {getattr(error, 'strerror', None) or error}") from None
    if is_folder:
        from disentangle_cli.data.folder import FolderDataset

        return FolderDataset(path, size=64 if size is None else size, channels=channels)
    if is_file:
        from disentangle_cli.data.npz import NpzDataset

        return _checked(NpzDataset(path), size, channels)
    names = ", ".join(DATASETS.names())
    raise UsageError(f"no data set {spec!r}: it is neither a file or folder nor one of: {names}")


def absolute(spec: str) -> str:
    """``spec`` as another process finds it, whatever folder it works in: paths of what is there are absolute.

    Anything else stays as it is: beside a file of codes the name of a data set is a mere label.
    """
    path = Path(spec).expanduser()
    return str(path.resolve()) if spec not in DATASETS.names() and path.exists() else spec


def _checked(dataset: Dataset, size: int | None, channels: int | None) -> Dataset:
    """``dataset``, unless it differs from what was asked: only folders are resized."""
    has_channels, height, width = dataset.image_shape
    if size is not None and (height, width) != (size, size):
        raise UsageError(f"{dataset.name} has images of {height}x{width}, not {size}x{size}")
    if channels is not None and channels != has_channels:
        raise UsageError(f"{dataset.name} has images of {has_channels} channel(s), not {channels}")
    return dataset

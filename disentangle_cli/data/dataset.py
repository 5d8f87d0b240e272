"""What a data set is: images by index and, where there are labels, factors to draw by."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.classes import occurring
from disentangle_cli.data.pixels import Pixels
from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry

if TYPE_CHECKING:
    import torch


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

    def restricted(self, ids: Ints) -> "Factor":
        """With the classes ``ids (C,)`` only, numbered 0 to C - 1 in this order."""
        return replace(self, size=len(ids), values=tuple(self.values[c] for c in ids))


def places(dataset: "Dataset", rows: Ints) -> dict[str, NDArray[Any]]:
    """Which images ``rows (n,)`` are, for a file that holds what is known of them.

    ``indices (n,)``, and for a folder ``files (n,)``, the paths within it.
    """
    found: dict[str, NDArray[Any]] = {"indices": rows}
    if dataset.file_names:
        found["files"] = np.array([dataset.file_names[row] for row in rows.tolist()])
    return found


class Dataset(ABC):
    """A finite, ordered set of images, with or without factors.

    Attributes:
        name: what the data set is called, e.g. ``dsprites`` or the stem of a file.
        fingerprint: defines the content: equal fingerprints mean equal pixels in equal order.
        image_shape: ``(C, H, W)``.
        factors: the labelled factors; an empty tuple when there are no labels.
        file_names: of a folder's images, one each, as paths within it; an empty tuple for other sets.
        ignored: what is not read: arrays of a file, files of a folder.
        report: what was done with the pictures of a folder or archive (data/picture_report.py); else None.
        kind: in words, what it comes from.
    """

    name: str
    fingerprint: str
    image_shape: tuple[int, int, int]
    factors: tuple[Factor, ...]
    file_names: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    report: Mapping[str, Any] | None = None
    kind: str = "data set of dcr"

    @abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abstractmethod
    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, C, H, W)``, 0 to 255."""

    def prepare(self, indices: Ints) -> None:
        """Told before many images are asked for, in small parts: ``indices``, any shape.

        A set that makes its images may make them now, all at once, and keep them. Here nothing is done.
        """
        return

    @abstractmethod
    def classes(self, indices: Ints) -> Ints:
        """Class ids ``(n, F)`` of the images at ``indices (n,)``."""

    def tensors(self, indices: Ints, device: "str | torch.device" = "cpu") -> "torch.Tensor":
        """The images at ``indices (n,)`` as models take them: ``(n, C, H, W)`` float32 in [0, 1].

        They travel to ``device`` as bytes and become numbers there.
        """
        import torch  # listing and checking data sets does without

        from disentangle_cli.devices import send

        images = torch.from_numpy(self.images(indices))
        return send(images, torch.device(device)).to(torch.float32).div_(255)

    @cached_property
    def is_binary(self) -> bool:
        """Whether the images are black and white: kept in bits or, without ``pixels``, of only 0 and 255."""
        if self.pixels is not None:
            return self.pixels.layout.packed
        return all(np.isin(self.images(rows), (0, 255)).all() for rows in self.blocks(256))

    def blocks(self, size: int) -> Iterator[Ints]:
        """All indices in order, up to ``size`` at a time."""
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)), dtype=np.int64)

    def values(self, indices: Ints) -> Doubles:
        """Factor values ``(n, F)`` of the images at ``indices (n,)``, in each factor's own units."""
        classes = self.classes(indices)
        found = np.empty(classes.shape, np.float64)
        for column, factor in enumerate(self.factors):
            found[:, column] = np.asarray(factor.values, np.float64)[classes[:, column]]
        return found

    @cached_property
    def occurring_classes(self) -> tuple[Ints, ...]:
        """Per factor the class ids that images have, ascending: all, unless sizes promise too much."""
        return tuple(occurring(column)[0] for column in self.classes(np.arange(len(self))).T)

    @cached_property
    def label_digest(self) -> str:
        """Hex SHA-256 of the labels, which ``fingerprint`` leaves out: factors, class ids and values."""
        rows = np.arange(len(self))
        digest = hashlib.sha256(repr(self.factors).encode())
        for part in (self.classes(rows), self.values(rows)):
            digest.update(part.tobytes())
        return digest.hexdigest()

    @property
    def pixels(self) -> Pixels | None:
        """The bytes in which the images are kept; None where they are made when asked for."""
        return None

    @property
    def in_cache(self) -> bool | None:
        """Whether the images are in the cache folder; None when they need none."""
        return None

    def to_json(self) -> dict[str, Any]:
        """Its entry in the document of ``dcr data list``."""
        return {
            "name": self.name,
            "images": len(self),
            "shape": list(self.image_shape),
            "factors": [{"name": f.name, "size": f.size, "continuous": f.continuous} for f in self.factors],
            "cached": self.in_cache,
        }

    @property
    def unlabelled(self) -> str:
        """In words that there are no labels, and what may be meant for some."""
        if self.report is not None:
            return (
                f"data set {self.name} has no factor labels: put a factors.csv beside the pictures (a column "
                "file, and one for each factor), or the pictures of each class in a folder of their own"
            )
        found = f", not from {', '.join(self.ignored)}" if self.ignored else ""
        return (
            f"data set {self.name} has no factor labels: class ids are read from an array factors{found} (in "
            "an .npz file: images by factors), or from the factors.csv of a folder of pictures"
        )

    def __repr__(self) -> str:
        factors = ", ".join(f"{factor.name} {factor.size}" for factor in self.factors) or "no labels"
        return (
            f"Dataset({self.name}: {len(self)} images of {'x'.join(map(str, self.image_shape))}; {factors})"
        )

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """``n`` indices, uniform over the images (for a full grid: over it), with replacement."""
        return rng.integers(0, len(self), n, dtype=np.int64)

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: Ints) -> Ints:
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

    def draw_like(self, rng: np.random.Generator, factor: int, indices: Ints) -> Ints:
        """One index per entry of ``indices (n,)``: that image's value in ``factor``, the rest at random.

        Here the value is that of the image's class. A set that can make images beyond its own may give
        indices from ``len(self)`` on: ``images``, ``classes`` and ``values`` know them.
        """
        return self.draw_fixed(rng, factor, self.classes(indices)[:, factor])

    @cached_property
    def _rows_by_class(self) -> list[tuple[Ints, Ints]]:
        """Per factor: the rows sorted by class, and where each class starts in them."""
        table = self.classes(np.arange(len(self)))
        return [
            (
                np.argsort(table[:, column], kind="stable"),
                np.concatenate([[0], np.cumsum(np.bincount(table[:, column], minlength=factor.size))]),
            )
            for column, factor in enumerate(self.factors)
        ]


def check_classes(dataset: Dataset, factor: int, classes: Ints) -> None:
    """Raise a UsageError that names the factor if a class id of ``classes (n,)`` is outside it."""
    spec = dataset.factors[factor]
    outside = np.flatnonzero((classes < 0) | (classes >= spec.size))
    if outside.size:
        raise UsageError(
            f"{dataset.name} has no {spec.name} of class {classes[outside[0]]}; "
            f"its classes are 0 to {spec.size - 1}"
        )


DATASETS: Registry[Callable[[], Dataset]] = Registry("disentangle_cli.datasets", "data set")

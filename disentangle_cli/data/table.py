"""Data sets whose images come from a user's file or folder, with or without labels."""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.data.dataset import Dataset, check_classes
from disentangle_cli.data.grid import draw_grid
from disentangle_cli.data.labels import GridLabels, Labels
from disentangle_cli.data.packed_cache import cached
from disentangle_cli.data.pixels import Pixels, Source, in_memory
from disentangle_cli.errors import UsageError

IN_MEMORY = 64 * 2**20  # bytes; larger sets are kept in the cache folder and memory-mapped


class TableDataset(Dataset):
    """Stored images and one row of labels per image."""

    def __init__(self, name: str, pixels: Pixels, labels: Labels | GridLabels) -> None:
        """``pixels`` and ``labels`` have the same number of rows."""
        self.name = name
        self.fingerprint = f"sha256:{pixels.digest}"
        self.image_shape = pixels.layout.shape
        self.factors = labels.factors
        self._pixels = pixels
        self._labels = labels

    def __len__(self) -> int:
        return self.pixels.layout.count

    @property
    def pixels(self) -> Pixels:
        """The stored images."""
        return self._pixels

    @property
    def in_cache(self) -> bool | None:
        """True when the images are read from the cache folder; None when they are held in memory."""
        return True if isinstance(self.pixels.rows, np.memmap) else None

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, C, H, W)``, 0 to 255."""
        return self.pixels.images(indices)

    def classes(self, indices: Ints) -> Ints:
        """Class ids ``(n, F)`` of the images at ``indices (n,)``."""
        return self._labels.classes_of(np.asarray(indices))

    @cached_property
    def occurring_classes(self) -> tuple[Ints, ...]:
        """All classes of each factor, as :class:`Labels` has them."""
        return tuple(np.arange(factor.size) for factor in self.factors)

    def values(self, indices: Ints) -> Doubles:
        """Factor values ``(n, F)`` of the images at ``indices (n,)``, as the file gives them."""
        return self._labels.values_of(np.asarray(indices))

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: Ints) -> Ints:
        """As in :class:`Dataset`; a full grid in C order draws exactly as a :class:`GridDataset` does."""
        if not self._labels.is_grid:
            return super().draw_fixed(rng, factor, classes)
        check_classes(self, factor, classes)
        return draw_grid(rng, tuple(spec.size for spec in self.factors), factor, classes)


def is_kept(nbytes: int) -> bool:
    """Whether a set that takes so many bytes is kept in the cache folder."""
    return nbytes > IN_MEMORY


def state_of(files: Sequence[Path], folder: Path) -> str:
    """What changes whenever the content of ``files`` in ``folder`` may have changed: see :func:`stored`.

    Raises:
        UsageError: one of them is not there, or cannot be looked at; names it.
    """
    return "\n".join(_state(file, folder) for file in files)


def _state(file: Path, folder: Path) -> str:
    try:
        status = file.stat()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    return f"{file.relative_to(folder).as_posix()} {status.st_size} {status.st_mtime_ns}"


def stored(path: Path, state: str, options: str, nbytes: int, build: Callable[[], Source]) -> Pixels:
    """The images of a user's ``path``: in memory when small, else kept in the cache folder.

    Args:
        path: the file or folder; with ``options`` it names the cache file.
        state: what changes whenever the content may have changed (sizes and times of files).
        options: how the images are read, e.g. ``"64 auto"``.
        nbytes: an upper bound of the bytes they take, in the source or here.
        build: reads them.
    """
    if not is_kept(nbytes):
        return in_memory(build())
    where = hashlib.sha256(f"{path.resolve()}\n{options}".encode()).hexdigest()[:16]
    stem = f"{re.sub('[^A-Za-z0-9._-]', '_', path.stem)[:60]}-{where}"
    return cached(stem, hashlib.sha256(state.encode()).hexdigest(), build, path.name)

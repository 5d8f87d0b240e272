"""Images kept in the cache folder, checked as they are read.

Opening a file takes milliseconds: its header and its checksums are checked, and its length. The images
themselves are compared with their checksums block by block, when one of a block is first asked for. What is
damaged is made again from the source, with a warning, and the work goes on with the same images.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data.packed_file import (
    Outdated,
    PackedFile,
    Unusable,
    read_packed,
    rows_per_block,
    write_packed,
)
from disentangle_cli.data.pixels import Layout, Pixels, Source, in_memory
from disentangle_cli.errors import RunError
from disentangle_cli.files import atomic, cache_dir, clear_cached, locked

MEMORY_LIMIT = 512 * 2**20  # bytes that are held in memory when the cache folder cannot be written
_STEP = 8 * 2**20  # bytes looked at in one piece


class CachedPixels(Pixels):
    """Images in a cache file; ``remake`` gives them once more where the file turns out to be damaged."""

    def __init__(self, file: PackedFile, remake: Callable[[str], Pixels]) -> None:
        super().__init__(file.layout, file.rows, file.digest, file.notes)
        self._file = file
        self._remake = remake
        self._unsure = np.ones(len(file.sums), bool)

    def raw(self, indices: Ints) -> Bytes:
        """The rows at ``indices (n,)``, after the blocks they are in were compared with their checksums."""
        indices = np.asarray(indices)
        blocks = (indices + (indices < 0) * self.layout.count) // rows_per_block(self.layout)
        for block in np.unique(blocks[self._unsure[blocks]]):
            if not self._file.is_sound(block):
                self._replace()
                return self.raw(indices)
            self._unsure[block] = False
        return super().raw(indices)

    def _replace(self) -> None:
        """Go on with the images made again.

        Raises:
            RunError: they are others now: the source has changed since it was opened.
        """
        found = self._remake("the checksum of a block is wrong")
        if found.digest != self.digest:
            raise RunError("the images have changed since they were opened; start again")
        self.rows = found.rows
        if isinstance(found, CachedPixels):
            self._file, self._unsure = found._file, found._unsure
        else:
            self._unsure[:] = False


def cache_path(stem: str) -> Path:
    """Where the images called ``stem`` are kept."""
    return cache_dir() / "datasets" / f"{stem}.pixels"


def is_cached(stem: str, key: str) -> bool:
    """Whether usable images of that name and source are there."""
    return _open(cache_path(stem), key) is not None


def cached(stem: str, key: str, build: Callable[[], Source], what: str) -> Pixels:
    """The images kept as ``stem``, made by ``build`` and kept if they are not there or unusable.

    Two processes may ask at once: one makes the file, the other waits for it. Where the folder cannot
    be written, images of up to 512 MiB are held in memory, with a warning.

    Args:
        stem: name of the cache file.
        key: names the source and its state; images made from another key are made again.
        build: gives the images; called only when they are needed.
        what: what messages call the images.

    Raises:
        RunError: the cache folder cannot be written and the images are too large for memory.
    """
    path = cache_path(stem)
    remake = functools.partial(_made, path, key, build, what)
    if found := _open(path, key):
        return CachedPixels(found, remake)
    return remake()


def read_all(pixels: Pixels) -> None:
    """Read every image, so that a damaged file is found and made again."""
    step = max(1, _STEP // pixels.layout.row)
    for start in range(0, pixels.layout.count, step):
        pixels.raw(np.arange(start, min(start + step, pixels.layout.count)))


def _made(path: Path, key: str, build: Callable[[], Source], what: str, damage: str = "") -> Pixels:
    """The images, made and kept, unless another process did so while this one waited.

    ``damage`` is what was found to be wrong with those that are there.
    """
    remake = functools.partial(_made, path, key, build, what)
    try:
        waiting = f"waiting for another process that is making {what}"
        with locked(path.with_suffix(".lock"), f"{path} is locked", wait=True, waiting=waiting):
            found = _open(path, key, say=True)
            if found and not (damage and _is_damaged(found)):
                return CachedPixels(found, remake)
            if found:
                output.warn(f"{path}: {damage}; making it again")
            _write(path, key, build(), what)
    except RunError as error:
        source = build()
        if source.layout.nbytes > MEMORY_LIMIT:
            raise RunError(f"{error}; set DCR_CACHE to a folder with {_mib(source.layout)} free") from None
        output.warn(f"{error}; holding {what} in memory ({_mib(source.layout)})")
        return in_memory(source)
    if (found := _open(path, key)) and not (damage and _is_damaged(found)):
        return CachedPixels(found, remake)
    raise RunError(f"{path}: what was just written cannot be read back; is the disk sound?")


def _is_damaged(file: PackedFile) -> bool:
    return not all(file.is_sound(block) for block in range(len(file.sums)))


def _open(path: Path, key: str, say: bool = False) -> PackedFile | None:
    """The images in ``path``, or None when there are none to be used (``say``: and why)."""
    if not path.exists():
        return None
    try:
        return read_packed(path, key)
    except Outdated as reason:
        if say:
            output.log(f"{path}: {reason}; making it again")
    except Unusable as reason:
        if say:
            output.warn(f"{path}: {reason}; making it again")
    return None


def _write(path: Path, key: str, source: Source, what: str) -> None:
    output.log(f"keeping {what} in {path} ({_mib(source.layout)})")
    bar = output.progress(total=source.layout.count, desc=what, unit="images")

    def counted() -> Iterator[Bytes]:
        for block in source.blocks:
            yield np.ascontiguousarray(block)
            bar.update(len(block))

    clear_cached(path)
    with atomic(path) as temporary, temporary.open("r+b") as file, bar:
        write_packed(file, key, replace(source, blocks=counted()))


def _mib(layout: Layout) -> str:
    return f"{layout.nbytes / 2**20:.0f} MiB"

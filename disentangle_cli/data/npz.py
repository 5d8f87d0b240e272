"""``--dataset file.npz``: images, and labels if there are any, from arrays of a file."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.labels import read_labels
from disentangle_cli.data.npz_reader import Header, NpzFile
from disentangle_cli.data.pixels import Layout, Source
from disentangle_cli.data.table import TableDataset, stored
from disentangle_cli.errors import UsageError

MAX_SIDE = 2048
_SLACK = 1e-6  # how far floats may leave 0 to 1 by rounding


class NpzDataset(TableDataset):
    """The images in array ``imgs`` (or ``images``) of an npz file: ``(N, H, W)`` or ``(N, H, W, C)``.

    Values: bool, or only 0 and 1, are black and white; whole numbers up to 255 are taken as they are;
    floats must be from 0 to 1 and are rounded to 256 levels. Labels as :func:`read_labels` says.
    Members that are not asked for, such as pickled metadata, are never opened.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path``.

        Raises:
            UsageError: the file or one of its arrays cannot be used; names the file and the reason.
        """
        file = NpzFile(path)
        key = next((key for key in ("imgs", "images") if key in file), None)
        if key is None:
            raise UsageError(f"{path}: no array imgs; it has: {', '.join(file.names) or 'none'}")
        count, shape = _image_shape(path, key, file.header(key))
        labels = read_labels(file, count, shape)
        status = path.stat()
        pixels = stored(
            path,
            state=f"{status.st_size} {status.st_mtime_ns}",
            options=f"npz {key}",
            nbytes=count * math.prod(shape),
            build=lambda: _source(file, key, count, shape),
        )
        super().__init__(path.stem, pixels, labels)
        self.ignored = tuple(name for name in file.unread if name != "indices")


def _image_shape(path: Path, key: str, header: Header) -> tuple[int, tuple[int, int, int]]:
    """Number of images and ``(C, H, W)``."""
    shape = header.shape
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)):
        raise UsageError(
            f"{path}: {key} has the shape {shape}; it must be (N, H, W) or (N, H, W, C), C 1 or 3"
        )
    if header.dtype.kind not in "biuf":
        raise UsageError(f"{path}: {key} must hold numbers, not {header.dtype}")
    count, height, width = shape[:3]
    if count == 0:
        raise UsageError(f"{path}: {key} holds no image")
    if not (4 <= height <= MAX_SIDE and 4 <= width <= MAX_SIDE):
        raise UsageError(
            f"{path}: {key} has images of {height}x{width}; sides must be 4 to {MAX_SIDE} pixels"
        )
    return count, (shape[3] if len(shape) == 4 else 1, height, width)


def _source(file: NpzFile, key: str, count: int, shape: tuple[int, int, int]) -> Source:
    packed, scale = _value_range(file, key, count)
    return Source(Layout(count, shape, packed), _rows(file, key, shape, packed, scale))


def _value_range(file: NpzFile, key: str, count: int) -> tuple[bool, float]:
    """Whether the images are black and white, and what makes their values 0 to 255 otherwise."""
    low, high, binary = math.inf, -math.inf, True
    kind = file.header(key).dtype.kind
    with output.progress(total=count, desc=f"reading {file.path.name}", unit="images") as bar:
        for block in file.blocks(key):
            if not np.all(np.isfinite(block)):
                raise UsageError(f"{file.path}: {key} holds values that are not finite")
            low, high = min(low, float(block.min())), max(high, float(block.max()))
            binary = binary and bool(np.all((block == 0) | (block == 1)))
            bar.update(len(block))
    if binary:
        return True, 1.0
    if kind == "f" and low >= -_SLACK and high <= 1 + _SLACK:
        return False, 255.0
    if kind != "f" and low >= 0 and high <= 255:
        return False, 1.0
    wanted = "floats must be from 0 to 1" if kind == "f" else "whole numbers must be from 0 to 255"
    raise UsageError(f"{file.path}: {key} has values from {low:g} to {high:g}; {wanted}")


def _rows(
    file: NpzFile, key: str, shape: tuple[int, int, int], packed: bool, scale: float
) -> Iterator[Bytes]:
    channels, height, width = shape
    for block in file.blocks(key):
        images = block.reshape(len(block), height, width, channels).transpose(0, 3, 1, 2)
        flat = images.reshape(len(block), -1)
        if packed:
            yield np.packbits(flat != 0, axis=1)
        elif scale == 1.0:
            yield np.asarray(flat, np.uint8)
        else:
            yield np.asarray(np.round(np.clip(flat, 0.0, 1.0) * scale), np.uint8)

"""What arrays of images mean: which axis is which, which value is white; else the line that mends them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.array_file import ArrayFile
from disentangle_cli.errors import UsageError

MIN_SIDE, MAX_SIDE = 4, 2048
CHANNELS = (1, 3)
_SLACK = 1e-6
"""How far floats may leave 0 to 1 by rounding."""


@dataclass(frozen=True)
class Images:
    """``count`` images of ``shape (C, H, W)``, in the array as (N, H, W, C), or as (N, C, H, W)."""

    count: int
    shape: tuple[int, int, int]
    channels_first: bool


@dataclass(frozen=True)
class Levels:
    """Whether all values are 0 and 1, and what makes them 0 to 255 otherwise."""

    packed: bool
    scale: float


def image_shape(file: ArrayFile, key: str, keep: Sequence[str] = ()) -> Images:
    """How images lie in array ``key``: (N, H, W), (N, H, W, C) or (N, C, H, W), C 1 or 3.

    Sides have at least 4 pixels, so that no array can be read in two ways. ``keep`` are arrays that belong to
    the images.

    Raises:
        UsageError: they lie otherwise; says how to mend it where that is plain.
    """
    header = file.header(key)
    shape = header.shape
    if header.dtype.kind not in "biuf":
        raise UsageError(f"{file.path}: {key} must hold numbers, not {header.dtype}")
    first = len(shape) == 4 and shape[3] not in CHANNELS and shape[1] in CHANNELS
    if len(shape) not in (3, 4) or (len(shape) == 4 and not first and shape[3] not in CHANNELS):
        raise UsageError(
            f"{file.path}: {key} has the shape {shape}; it must be (N, H, W), (N, H, W, C) or (N, C, H, W), "
            f"C 1 or 3{_mended(file, key, _reshape(shape), keep, _sizes(file, shape, keep))}"
        )
    if shape[0] == 0:
        raise UsageError(f"{file.path}: {key} holds no image")
    channels = 1 if len(shape) == 3 else shape[1] if first else shape[3]
    height, width = shape[2:] if first else shape[1:3]
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        line = "x[None]" if len(shape) == 3 and width in CHANNELS else ""
        raise UsageError(
            f"{file.path}: {key} has images of {height}x{width}; sides must be {MIN_SIDE} to {MAX_SIDE} "
            f"pixels{_mended(file, key, line, keep)}"
        )
    if len(shape) == 3 and shape[0] == shape[1] != shape[2]:
        output.warn(
            f"{file.path}: {key} of the shape {shape} is read as {shape[0]} images of {height}x{width}; "
            f"if images lie along the last axis{_mended(file, key, 'np.moveaxis(x, -1, 0)', keep)}"
        )
    return Images(shape[0], (channels, height, width), first)


def find_levels(file: ArrayFile, key: str, count: int, keep: Sequence[str] = ()) -> Levels:
    """What the values of the ``count`` images in array ``key`` mean; they are read once, in blocks.

    Bool, or only 0 and 1, are black and white; whole numbers from 0 to 255, floats among them, are taken as
    they are; other floats must be from 0 to 1.

    Raises:
        UsageError: they are none of these; says how to mend it.
    """
    dtype = file.header(key).dtype
    low, high, binary, whole = math.inf, -math.inf, True, True
    with output.progress(total=count, desc=f"reading {file.path.name}", unit="images") as bar:
        for block in file.blocks(key):
            if dtype.kind == "f" and not np.all(np.isfinite(block)):
                line = _mended(file, key, "np.nan_to_num(x)", keep)
                raise UsageError(f"{file.path}: {key} holds values that are not finite{line}")
            low, high = min(low, float(block.min())), max(high, float(block.max()))
            binary = binary and bool(np.all((block == 0) | (block == 1)))
            whole = whole and (dtype.kind != "f" or bool(np.all(block == np.floor(block))))
            if dtype == np.uint8 and not binary:
                return Levels(False, 1.0)  # whatever comes: half the time of a large set
            bar.update(len(block))
    if binary:
        return Levels(True, 1.0)
    if whole and low >= 0 and high <= 255:
        return Levels(False, 1.0)
    if not whole and low >= -_SLACK and high <= 1 + _SLACK:
        return Levels(False, 255.0)
    wanted = "floats must be from 0 to 1" if dtype.kind == "f" else "whole numbers must be from 0 to 255"
    line = _mended(file, key, _rescale(whole, low, high), keep)
    raise UsageError(f"{file.path}: {key} has values from {low:g} to {high:g}; {wanted}{line}")


def to_bytes(block: NDArray[Any], images: Images, levels: Levels) -> Bytes:
    """A piece of the array as rows ``(m, row)`` of :class:`Pixels`: bits or bytes in the order C, H, W."""
    channels, height, width = images.shape
    if not images.channels_first:
        block = block.reshape(len(block), height, width, channels).transpose(0, 3, 1, 2)
    flat = block.reshape(len(block), -1)
    if levels.packed:
        return np.packbits(flat != 0, axis=1)
    if levels.scale == 1.0:
        return np.asarray(flat, np.uint8)
    return np.asarray(np.round(np.clip(flat, 0.0, 1.0) * levels.scale), np.uint8)


def _reshape(shape: tuple[int, ...]) -> str:
    """What makes images of an array of another shape; empty where that cannot be told."""
    if len(shape) == 2:
        side = math.isqrt(shape[1])
        if side * side == shape[1] and side >= MIN_SIDE:
            return f"x.reshape(-1, {side}, {side})"
        return "x[None]" if min(shape) >= MIN_SIDE else ""
    if len(shape) == 4:
        if shape[3] == 4:
            return "x[..., :3]"
        if shape[1] == 4:
            return "x[:, :3]"
    if axes := _image_axes(shape):
        return f"x.reshape(-1, *x.shape[-{axes}:])"
    if len(shape) == 4 and (shape[2] in CHANNELS or shape[0] in CHANNELS):
        return "np.moveaxis(x, -1, 0)"
    return ""


def _image_axes(shape: tuple[int, ...]) -> int:
    """How many of the axes are those of an image, if those before it are the factors of a grid; else 0."""
    if len(shape) >= 5 and (shape[-1] in CHANNELS or shape[-3] in CHANNELS):
        return 3
    return 2 if len(shape) >= 4 and shape[-1] == shape[-2] != shape[-3] else 0


def _sizes(file: ArrayFile, shape: tuple[int, ...], labels: Sequence[str]) -> str:
    """The sizes of the factors of a grid, as another array of the file, unless it has labels."""
    axes = _image_axes(shape)
    return f"factor_sizes=x.shape[:-{axes}]" if axes and not any(name in file for name in labels) else ""


def _rescale(whole: bool, low: float, high: float) -> str:
    """What brings values of such a range into the one that dcr reads."""
    if -1 - _SLACK <= low < 0 and high <= 1 + _SLACK:
        return "(x + 1) / 2"
    if low >= 0 and high <= 255:
        return "x.round().astype(np.uint8)"
    if low >= 0 and whole and high <= 65535:
        return f"x / {4095 if high <= 4095 else 65535}"
    return "np.interp(x, (x.min(), x.max()), (0, 1))"


def _mended(file: ArrayFile, key: str, expression: str, keep: Sequence[str], more: str = "") -> str:
    return f"; mend it with: {file.mend(key, expression, keep, more)}" if expression else ""

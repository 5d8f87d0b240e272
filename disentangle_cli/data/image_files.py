"""Decoding one image file of any common kind to a small square of bytes."""

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, ImageOps, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.crops import Crop
from disentangle_cli.data.zipped import File, opened
from disentangle_cli.errors import UsageError

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM")
"""What may be in such files: Pillow goes by content, and has decoders that start other programs."""
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
MAX_BYTES = 2**30
MAX_PIXELS = 2**26
_BAND = 64  # rows
_WIDE = ("I", "F")
_BITS, _PHOTOMETRIC = 258, 262
"""Tags of a TIFF."""


@dataclass(frozen=True)
class Seen:
    """What a file held: its picture, upright, the square cut out of it, and whether others follow it."""

    width: int
    height: int
    side: int
    several: bool


def grey_mode(file: File) -> bool:
    """Whether the file stores grey only, by its header alone.

    Raises:
        UsageError: the file is not an image; names it.
    """
    with _opened(file) as image:
        return image.mode in GREY_MODES


def white_level(file: File) -> float | None:
    """What is white in a TIFF of 32-bit whole numbers, which does not say: 255, or 65535 for brighter pixels.

    None for other files.

    Raises:
        UsageError: the file is not an image; names it.
    """
    with _opened(file) as image:
        return _top(image, np.asarray(_loaded(image))) if _is_whole_tiff(image) else None


def decode(file: File, size: int, channels: int, white: float | None = None) -> Bytes:
    """The image in ``file``, upright, centre-cropped to a square and resized: ``(channels, size, size)``.

    In this order: the first picture of several; grey of more bits scaled to 8 bits (``white`` is what is
    white in 32-bit whole numbers; by default its own brightest pixel tells); the orientation tag applied;
    transparency laid on white; converted to grey (ITU-R 601 luma) or RGB; cropped; resized with an
    antialiasing Lanczos filter (not at all when the square has that size already).

    Raises:
        UsageError: the file cannot be decoded, or has over 67 million pixels; names it.
    """
    return decode_seen(file, size, channels, white)[0]


def decode_seen(
    file: File, size: int, channels: int, white: float | None, crop: Crop | None = None
) -> tuple[Bytes, Seen]:
    """As :func:`decode`, and what the file held; ``crop`` says which square, and resizes its way."""
    with _opened(file) as original:
        several = _holds_several(file, original)
        image = _eight_bits(_loaded(original), white)
        ImageOps.exif_transpose(image, in_place=True)
        seen = Seen(image.width, image.height, crop.side if crop else min(image.size), several)
        image = (crop or square)(_on_white(image, channels), size)
    pixels = np.asarray(image, np.uint8).reshape(size, size, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), seen


def read_picture(file: File) -> Image.Image:
    """The whole picture in ``file``, upright, in mode RGB.

    Raises:
        UsageError: as :func:`decode`.
    """
    with _opened(file) as original:
        image = _eight_bits(_loaded(original), None)
        ImageOps.exif_transpose(image, in_place=True)
        return _on_white(image, 3).copy()


@contextlib.contextmanager
def _opened(path: File) -> Iterator[Image.Image]:
    """The image file; whatever goes wrong in the block is a UsageError that names it."""
    with opened(path, "cannot be read as an image", MAX_BYTES) as file:
        try:
            with Image.open(file, formats=FORMATS) as image:
                if math.prod(image.size) > MAX_PIXELS:
                    size = f"{image.width}x{image.height}"
                    raise UsageError(f"{path}: {size} pixels are too many; make it smaller first")
                yield image
        except Image.DecompressionBombError:
            raise UsageError(f"{path}: too many pixels; make the image smaller first") from None


def _holds_several(file: File, image: Image.Image) -> bool:
    """Whether frames or pages follow the first one; what is wrong with those does not matter."""
    if isinstance(image, PngImagePlugin.PngImageFile | WebPImagePlugin.WebPImageFile):
        return image.is_animated
    if not isinstance(image, GifImagePlugin.GifImageFile | TiffImagePlugin.TiffImageFile):
        return False
    # in an image of its own: turning a page loses what was read of the first
    with contextlib.suppress(Exception), _opened(file) as again:
        again.seek(1)
        return True
    return False


def _eight_bits(image: Image.Image, white: float | None) -> Image.Image:
    """Grey of more than 8 bits as mode L, its EXIF data kept; other images as they are."""
    if not (image.mode.startswith("I;16") or image.mode in _WIDE):
        return image
    values = np.asarray(image)
    top = white if white is not None and _is_whole_tiff(image) else _top(image, values)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= top):
        raise ValueError(f"grey values from {low:g} to {high:g} are outside 0 to {top:g}")
    # white is zero: Pillow turns images of 8 bits only
    turned = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == 0
    scaled = np.empty(values.shape, np.uint8)
    for row, line in enumerate(values):  # doubles of a whole image would take eight times its size
        levels = line.astype(np.float64)
        scaled[row] = np.round((top - levels if turned else levels) * (255.0 / top))
    grey = Image.fromarray(scaled)
    grey.info.update(image.info)
    if isinstance(key := image.info.get("transparency"), int):
        grey.info["transparency"] = round(key * 255.0 / top)
    if exif := image.getexif():
        grey.info["exif"] = exif.tobytes()
    return grey


def _top(image: Image.Image, values: NDArray[Any]) -> float:
    """The value of white (of black, where zero is white)."""
    if image.mode == "F":
        return 1.0
    if _is_whole_tiff(image):
        return 255.0 if values.max(initial=0) <= 255 else 65535.0
    bits = image.tag_v2.get(_BITS, (16,))[0] if isinstance(image, TiffImagePlugin.TiffImageFile) else 16
    return 2.0 ** min(bits, 16) - 1


def _is_whole_tiff(image: Image.Image) -> bool:
    """Whether it holds whole numbers of 32 bits, or signed ones of 16."""
    return image.mode == "I" and isinstance(image, TiffImagePlugin.TiffImageFile)


def _on_white(image: Image.Image, channels: int) -> Image.Image:
    """The image in mode L or RGB, what is transparent in it blended with white."""
    mode = "L" if channels == 1 else "RGB"
    if not image.has_transparency_data:
        return image if image.mode == mode else image.convert(mode)
    blended = Image.new(mode, image.size)
    for top in range(0, image.height, _BAND):  # each step makes a copy, so a part at a time
        band = image.crop((0, top, image.width, min(top + _BAND, image.height))).convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
        blended.paste(band.convert(mode), (0, top))
    return blended


def _loaded(image: Image.Image) -> Image.Image:
    """The image with its pixels decoded, and without what libtiff writes to stderr about damaged files."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # stderr may be closed
            kept = os.dup(2)
            stack.callback(os.close, kept)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nowhere)
            os.dup2(nowhere, 2)
            stack.callback(os.dup2, kept, 2)
        image.load()
    return image


def square(image: Image.Image, size: int) -> Image.Image:
    """The largest centred square, resized to ``size`` unless it has that size."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # cropped first: a resize that is given a box also mixes in what lies outside of it
    square = image.width == image.height
    cropped = image if square else image.crop((left, top, left + side, top + side))
    return cropped if side == size else cropped.resize((size, size), Image.Resampling.LANCZOS)

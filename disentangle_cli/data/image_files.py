"""Decoding one image file of any common kind to a small square of bytes."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What may be in such files: Pillow goes by content, and has decoders that start other programs."""
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
MAX_BYTES = 2**30
MAX_PIXELS = 100_000_000
_WIDE = ("I", "F")


def grey_mode(path: Path) -> bool:
    """Whether the file stores grey only, by its header alone.

    Raises:
        UsageError: the file is not an image; names it.
    """
    with _opened(path) as image:
        return image.mode in GREY_MODES


def decode(path: Path, size: int, channels: int) -> Bytes:
    """The image in ``path``, upright, centre-cropped to a square and resized: ``(channels, size, size)``.

    In this order: the first frame; 16-bit grey scaled to 8 bits; the orientation tag applied;
    transparency laid on white; converted to grey (ITU-R 601 luma) or RGB; cropped; resized with an
    antialiasing Lanczos filter (not at all when the square has that size already).

    Raises:
        UsageError: the file cannot be decoded, or has over 100 million pixels; names it.
    """
    with _opened(path) as opened:
        if math.prod(opened.size) > MAX_PIXELS:
            raise UsageError(
                f"{path}: {opened.width}x{opened.height} pixels are too many; make it smaller first"
            )
        image = _square(_on_white(ImageOps.exif_transpose(_eight_bits(opened)), channels), size)
    pixels = np.asarray(image, np.uint8).reshape(size, size, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image file; whatever goes wrong in the block is a UsageError that names it."""
    problem = "cannot be read as an image; repair it or take it out of the folder"
    with reading(path, problem, MAX_BYTES) as file:
        try:
            with Image.open(file, formats=FORMATS) as image:
                yield image
        except Image.DecompressionBombError:
            raise UsageError(f"{path}: too many pixels; make the image smaller first") from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits as mode L, its EXIF data kept; other images as they are."""
    if not (image.mode.startswith("I;16") or image.mode in _WIDE):
        return image
    values = np.asarray(image, np.float64)
    top = 1.0 if image.mode == "F" else 65535.0
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= top):
        raise ValueError(f"grey values from {low:g} to {high:g} are outside 0 to {top:g}")
    grey = Image.fromarray(np.round(values * (255.0 / top)).astype(np.uint8))
    grey.info.update(image.info)
    if isinstance(key := image.info.get("transparency"), int):
        grey.info["transparency"] = round(key * 255.0 / top)
    if exif := image.getexif():
        grey.info["exif"] = exif.tobytes()
    return grey


def _on_white(image: Image.Image, channels: int) -> Image.Image:
    """The image in mode L or RGB, what is transparent in it blended with white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")


def _square(image: Image.Image, size: int) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # cropped first: a resize that is given a box also mixes in what lies outside of it
    cropped = image.crop((left, top, left + side, top + side))
    return cropped if side == size else cropped.resize((size, size), Image.Resampling.LANCZOS)

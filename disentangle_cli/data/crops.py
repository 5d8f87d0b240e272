"""Squares that are cut out of pictures which all have one size, as the makers of a data set cut them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from disentangle_cli.arraytypes import Bytes, Doubles


@dataclass(frozen=True)
class Crop:
    """A square of ``side`` pixels at (``left``, ``top``) of pictures of ``width`` x ``height``."""

    name: str
    width: int
    height: int
    left: int
    top: int
    side: int

    def __call__(self, image: Image.Image, size: int) -> Image.Image:
        """The square, resized to ``size`` by :func:`bilinear`.

        Raises:
            ValueError: the picture has another size.
        """
        if image.size != (self.width, self.height):
            wanted = f"{self.width}x{self.height}"
            raise ValueError(f"{image.width}x{image.height} pixels; those of {self.name} have {wanted}")
        right, bottom = self.left + self.side, self.top + self.side
        return Image.fromarray(bilinear(np.asarray(image.crop((self.left, self.top, right, bottom))), size))


def bilinear(pixels: Bytes, size: int) -> Bytes:
    """A square ``(S, S)`` or ``(S, S, C)`` resized to ``size``, without antialiasing and rounded half up.

    Where S is ``size`` times a power of two these are the pixels of OpenCV's default: of 128 pixels made 32,
    each is the mean of the inner four of sixteen.
    """
    found = pixels.astype(np.float64)
    for axis in (0, 1) if size != len(pixels) else ():
        found = _along(found, size, axis)
    return np.floor(found + 0.5).astype(np.uint8)


def _along(pixels: Doubles, size: int, axis: int) -> Doubles:
    side = pixels.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * (side / size) - 0.5, 0, side - 1)
    low = np.floor(at).astype(np.int64)
    part = (at - low).reshape(-1, *[1] * (pixels.ndim - 1 - axis))
    below, above = pixels.take(low, axis), pixels.take(np.minimum(low + 1, side - 1), axis)
    return np.asarray(below * (1 - part) + above * part)

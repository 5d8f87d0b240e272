"""Pictures between models and files: 8-bit conversion, PNG files."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic

Pixels = NDArray[np.uint8]


def to_pixels(images: Tensor) -> Pixels:
    """(n, C, H, W) in [0, 1] -> (n, H, W, C) uint8, rounded to the nearest level."""
    levels = (images.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())


def to_picture(pixels: Pixels) -> Image.Image:
    """(H, W, C) uint8 -> a Pillow image: grey for one channel, colour for three.

    Raises:
        UsageError: there are neither one nor three channels.
    """
    channels = pixels.shape[2]
    if channels not in (1, 3):
        raise UsageError(f"images of {channels} channels cannot be drawn, only of 1 (grey) or 3 (colour)")
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def save_picture(picture: Image.Image, path: str | Path, optimize: bool = False) -> Path:
    """Write a picture atomically; the suffix decides the format, ``optimize`` makes a PNG smaller."""
    with atomic(path) as temporary:
        picture.save(temporary, optimize=optimize)
    return Path(path)

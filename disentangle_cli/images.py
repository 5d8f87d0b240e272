"""Pictures between files and models: 8-bit conversion, PNG files, photographs."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from disentangle_cli.data.image_files import decode
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


def read_photo(path: str | Path, image_shape: tuple[int, int, int]) -> Tensor:
    """A picture file as a model's input: (1, C, H, W) float32 in [0, 1], treated like one of an image folder.

    Raises:
        UsageError: the file is missing or no picture, or the model's images are not square or of neither 1
            nor 3 channels.
    """
    channels, height, width = image_shape
    if channels not in (1, 3) or height != width:
        shape = f"{channels}x{height}x{width}"
        raise UsageError(f"{path}: a picture fits square models of 1 or 3 channels, this one is {shape}")
    return torch.tensor(decode(Path(path), height, channels))[None].float() / 255

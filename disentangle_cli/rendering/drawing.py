"""Fonts, text and encoding shared by the pictures."""

import base64
import io
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from disentangle_cli.images import Pixels, to_picture

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
MEASURE = ImageDraw.Draw(Image.new("RGB", (1, 1)))


@cache
def font(size: int) -> Font:
    """Pillow's own font at a size in pixels: the same on every machine."""
    return ImageFont.load_default(size)


def label_size(cell: int) -> int:
    """Font size of labels beside images of ``cell`` pixels."""
    return min(max(cell // 5, 11), 28)


def width_of(text: str, size: int) -> int:
    """Width of a line of text in pixels, rounded up."""
    return int(np.ceil(MEASURE.textlength(text, font=font(size))))


def shorten(text: str, size: int, room: int) -> str:
    """``text``, or as much of its end as fits into ``room`` pixels behind an ellipsis."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(f"...{text}", size) > room:
        text = text[1:]
    return f"...{text}"


def number(value: float) -> str:
    """A latent's value as a label: at most two decimals, no negative zero."""
    return f"{round(value, 2) + 0.0:g}"


def scaled(pixels: Pixels, scale: int) -> Image.Image:
    """(H, W, C) pixels as an RGB picture with every pixel made a square of ``scale``."""
    height, width = pixels.shape[:2]
    picture = to_picture(pixels).convert("RGB")
    return picture.resize((width * scale, height * scale), Image.Resampling.NEAREST)


def png(picture: Image.Image) -> bytes:
    """A picture as the content of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def png_url(picture: Image.Image) -> str:
    """A picture as a data URL, to be part of a page."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()

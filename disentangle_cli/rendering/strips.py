"""Traversals as strips for a page: one small WebP for each code, within a budget of characters."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from disentangle_cli.images import Pixels, to_picture
from disentangle_cli.rendering.drawing import number
from disentangle_cli.traversal import Row

LADDER = ((128, 24), (96, 16), (64, 12), (64, 8), (48, 8), (32, 8), (32, 4), (16, 4), (16, 1))
"""Side of an image in pixels, and codes, from what is best to what takes least."""
QUALITY = 70
LOSSLESS_UP_TO = 1.5
"""How much larger a picture without loss may be than one with loss."""


@dataclass(frozen=True)
class Strip:
    """One code: its name, its first and last value of ``steps``, and the picture as a data URL."""

    code: str
    low: str
    high: str
    steps: int
    picture: str


@dataclass(frozen=True)
class Strips:
    """The codes of one model that are shown, ``side`` pixels an image; ``hidden`` others change less."""

    rows: tuple[Strip, ...]
    side: int
    hidden: int


def draw_strips(rows: Sequence[Row], room: int, side: int) -> Strips | None:
    """The best strips of a traversal that take at most ``room`` characters; None where none are so small.

    Images are up to ``side`` pixels high. Of many codes those are shown whose images change most. Only the
    first anchor is drawn.

    Raises:
        UsageError: images have neither 1 nor 3 channels.
    """
    height = rows[0].images.shape[2]
    order = sorted(range(len(rows)), key=lambda k: -_change(rows[k]))
    for limit, codes in LADDER:
        if limit > side and limit != LADDER[-1][0]:
            continue
        shown = [rows[k] for k in sorted(order[:codes])]
        strips: list[Strip] = []
        left = room
        for row in shown:
            strip = _strip(row, min(limit, height))
            left -= len(strip.picture)
            if left < 0:
                break
            strips.append(strip)
        if len(strips) == len(shown):
            return Strips(tuple(strips), min(limit, height), len(rows) - len(shown))
    return None


def _change(row: Row) -> float:
    """How far images move over the values of a code: their mean standard deviation."""
    return float(row.images[0].astype(np.float32).std(axis=0).mean())


def _strip(row: Row, height: int) -> Strip:
    url = "data:image/webp;base64," + base64.b64encode(_webp(_side_by_side(row.images[0], height))).decode()
    return Strip(row.name, number(row.values[0]), number(row.values[-1]), len(row.values), url)


def _side_by_side(images: Sequence[Pixels] | Pixels, height: int) -> Image.Image:
    pictures = [to_picture(np.ascontiguousarray(image)) for image in images]
    width, tall = pictures[0].size
    size = (max(1, round(width * height / tall)), height)
    sheet = Image.new(pictures[0].mode, (size[0] * len(pictures), height))
    for place, picture in enumerate(pictures):
        fitting = picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
        sheet.paste(fitting, (place * size[0], 0))
    return sheet


def _webp(picture: Image.Image) -> bytes:
    """Without loss where that takes hardly more: few colours and sharp edges stay what they are."""
    exact, lossy = (_encoded(picture, lossless) for lossless in (True, False))
    return exact if len(exact) <= LOSSLESS_UP_TO * len(lossy) else lossy


def _encoded(picture: Image.Image, lossless: bool) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", lossless=lossless, quality=QUALITY, method=4)
    return buffer.getvalue()

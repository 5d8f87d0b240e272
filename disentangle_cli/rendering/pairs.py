"""Originals above reconstructions, with a number below each pair."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from disentangle_cli.bounds import check_memory
from disentangle_cli.images import Pixels
from disentangle_cli.rendering import drawing as d
from disentangle_cli.rendering import palette

ACROSS = 8
"""Pairs in a line, at most."""
LEAST = 64
"""Pixels that an image has at least."""
GAP = 6
MARGIN = 12
NAMES = ("original", "reconstruction")


def draw_pairs(
    originals: Pixels, made: Pixels, numbers: Sequence[float], *, title: str = "", foot: str = ""
) -> Image.Image:
    """(N, H, W, C) images in lines of at most eight, each above its counterpart and its number.

    Raises:
        UsageError: images of neither 1 nor 3 channels, or more than memory holds.
    """
    count, height, width, _ = originals.shape
    scale = max(1, -(-LEAST // height))
    cell_w, cell_h = width * scale, height * scale
    size = d.label_size(cell_h)
    texts = [f"{number:.2g}" if number < 0.001 else f"{number:.4f}" for number in numbers]
    step = max(cell_w, max(d.width_of(text, size) for text in texts)) + GAP
    across = min(count, ACROSS)
    line = 2 * (cell_h + 2) + size + 12
    left = MARGIN + max(d.width_of(name, size) for name in NAMES) + 10
    top = MARGIN + (size + 12 if title else 0)
    lines = math.ceil(count / across)
    canvas = (
        max(left + across * step - GAP, MARGIN + d.width_of(foot, size)) + MARGIN,
        top + lines * line + (size + 6 if foot else 0) + MARGIN,
    )
    check_memory("the picture", 3 * canvas[0] * canvas[1], "take fewer images")
    picture = Image.new("RGB", canvas, palette.PAPER)
    draw = ImageDraw.Draw(picture)
    if title:
        text = d.shorten(title, size, canvas[0] - 2 * MARGIN)
        draw.text((MARGIN, MARGIN), text, fill=palette.INK, font=d.font(size), anchor="la")
    for row in range(lines):
        for part, name in enumerate(NAMES):
            middle = top + row * line + part * (cell_h + 2) + cell_h // 2
            draw.text((left - 10, middle), name, fill=palette.INK, font=d.font(size), anchor="rm")
    for i, text in enumerate(texts):
        x, y = left + i % across * step, top + i // across * line
        picture.paste(d.scaled(originals[i], scale), (x, y))
        picture.paste(d.scaled(made[i], scale), (x, y + cell_h + 2))
        place = (x + cell_w // 2, y + 2 * (cell_h + 2) + 2)
        draw.text(place, text, fill=palette.FAINT, font=d.font(size), anchor="ma")
    if foot:
        end = (MARGIN, canvas[1] - MARGIN)
        draw.text(end, foot, fill=palette.FAINT, font=d.font(size), anchor="ls")
    return picture

"""An animated traversal: every latent moves over its range at once, there and back."""

import math
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from disentangle_cli.files import atomic
from disentangle_cli.rendering import drawing as d
from disentangle_cli.rendering import palette
from disentangle_cli.rendering.video import save_film
from disentangle_cli.traversal import PAIR, Row, Traversal

FRAME_MS = 90
PAUSE_MS = 400  # at both ends
TOURS = 3  # there and back, in a film; GIF and WebP never end
GAP = 8
MARGIN = 12
ACROSS = 8  # images in a row at most
BAR = 8  # height of the slider under an image


def save_animation(traversal: Traversal, path: str | Path, upscale: int = 1, title: str = "") -> Path:
    """Write an endless GIF or WebP, or a film (MP4), by the suffix, atomically.

    Each image has its latent's name and a slider with its value.

    Raises:
        UsageError: a film, and PyAV is not installed.
    """
    suffix = Path(path).suffix.lower()
    steps = max(len(row.values) for row in traversal.rows)
    forth = [draw_frame(traversal, t / (steps - 1), upscale, title) for t in range(steps)]
    if suffix == ".gif":
        colours = _common_colours(forth)
        forth = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in forth]
    frames = [*forth, *forth[-2:0:-1]]
    ends = (0, steps - 1)
    durations = [PAUSE_MS if index in ends else FRAME_MS for index in range(len(frames))]
    with atomic(path) as temporary:
        if suffix == ".mp4":
            repeats = [round(duration / FRAME_MS) for duration in durations]
            save_film(frames * TOURS, repeats * TOURS, temporary)
        else:
            how: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {"optimize": False}
            rest = frames[1:]
            frames[0].save(temporary, save_all=True, append_images=rest, duration=durations, loop=0, **how)
    return Path(path)


def draw_frame(traversal: Traversal, progress: float, upscale: int = 1, title: str = "") -> Image.Image:
    """The frame at which every latent has covered ``progress`` (0 to 1) of its range.

    A picture whose codes they start from comes first, and its reconstruction.
    """
    _, height, width = traversal.image_shape
    size = d.label_size(height * upscale)
    value_width = max(d.width_of(d.number(value), size) for row in traversal.rows for value in row.values)
    name_width = max(d.width_of(row.name, size) for row in traversal.rows)
    stills = [] if traversal.anchors.photo is None else [*zip(PAIR, traversal.anchors.photo, strict=True)]
    name_widths = [d.width_of(name, size) for name, _ in stills]
    cell_w = max(width * upscale, name_width + value_width + 6, *name_widths)
    cell_h = size + 6 + height * upscale + 4 + BAR
    # one anchor: latents wrap into a block; several: a row an anchor
    cells = [(row, anchor) for anchor in range(traversal.num_anchors) for row in traversal.rows]
    places = len(stills) + len(cells)
    block = math.ceil(places / math.ceil(places / ACROSS))
    across = len(traversal.rows) if traversal.num_anchors > 1 else block
    down = math.ceil(places / across)
    top = MARGIN + (size + 10 if title else 0)
    canvas = (
        2 * MARGIN + across * (cell_w + GAP) - GAP,
        top + down * (cell_h + GAP) - GAP + MARGIN,
    )
    picture = Image.new("RGB", canvas, palette.PAPER)
    draw = ImageDraw.Draw(picture)
    if title:
        text = d.shorten(title, size, canvas[0] - 2 * MARGIN)
        draw.text((MARGIN, MARGIN), text, fill=palette.INK, font=d.font(size), anchor="la")

    def corner(index: int) -> tuple[int, int]:
        return MARGIN + index % across * (cell_w + GAP), top + index // across * (cell_h + GAP)

    for index, (name, still) in enumerate(stills):
        x, y = corner(index)
        image = d.scaled(still, upscale)
        draw.text((x, y + size), name, fill=palette.FAINT, font=d.font(size), anchor="ls")
        picture.paste(image, (x + (cell_w - image.width) // 2, y + size + 6))
    for index, (row, anchor) in enumerate(cells, len(stills)):
        x, y = corner(index)
        step = round(progress * (len(row.values) - 1))
        image = d.scaled(row.images[anchor, step], upscale)
        _draw_labels(draw, row, step, x, y, cell_w, size)
        picture.paste(image, (x + (cell_w - image.width) // 2, y + size + 6))
        _draw_slider(draw, step / (len(row.values) - 1), x, y + size + 6 + image.height + 4, cell_w)
    return picture


def _draw_labels(
    draw: ImageDraw.ImageDraw, row: Row, step: int, x: int, y: int, width: int, size: int
) -> None:
    baseline = y + size
    value = d.number(row.values[step])
    draw.text((x, baseline), row.name, fill=palette.INK, font=d.font(size), anchor="ls")
    draw.text((x + width, baseline), value, fill=palette.FAINT, font=d.font(size), anchor="rs")


def _draw_slider(draw: ImageDraw.ImageDraw, position: float, x: int, y: int, width: int) -> None:
    middle, radius = y + BAR // 2, BAR // 2 - 1
    draw.line((x, middle, x + width - 1, middle), fill=palette.RULE, width=2)
    knob = x + radius + round(position * (width - 1 - 2 * radius))
    draw.ellipse((knob - radius, middle - radius, knob + radius, middle + radius), fill=palette.ACCENT)


def _common_colours(frames: list[Image.Image]) -> Image.Image:
    """256 colours for all frames, so that nothing flickers."""
    few = frames[:: max(1, len(frames) // 8)]
    strip = Image.new("RGB", (few[0].width, len(few) * few[0].height))
    for index, frame in enumerate(few):
        strip.paste(frame, (0, index * frame.height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT)

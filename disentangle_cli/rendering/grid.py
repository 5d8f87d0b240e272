"""Grids: a labelled one of a traversal, a plain one of samples."""

import math
from itertools import pairwise

from PIL import Image, ImageDraw

from disentangle_cli.images import Pixels, to_picture
from disentangle_cli.rendering import drawing as d
from disentangle_cli.rendering import palette
from disentangle_cli.traversal import PAIR, Traversal

GAP = 3
MARGIN = 12


def draw_grid(traversal: Traversal, upscale: int = 1, title: str = "") -> Image.Image:
    """Rows are latents (one row an anchor), columns their values, printed above each group of equal ones.

    A picture whose codes they start from stands above them, beside its reconstruction.
    """
    _, height, width = traversal.image_shape
    cell_w, cell_h = width * upscale, height * upscale
    size = d.label_size(cell_h)
    columns = max(len(row.values) for row in traversal.rows)
    texts = [d.number(value) for row in traversal.rows for value in row.values]
    step = max(cell_w, max(d.width_of(text, size) for text in texts) + 4) + GAP
    left = MARGIN + max(d.width_of(row.name, size) for row in traversal.rows) + 10
    tall = traversal.num_anchors * (cell_h + GAP)
    head, break_height = size + 8, 10

    # where each latent's rows begin, and before which of them values are printed
    tops: list[int] = []
    headed = [True] + [a.values != b.values for a, b in pairwise(traversal.rows)]
    y = pair_top = MARGIN + (size + 12 if title else 0)
    photo = traversal.anchors.photo
    apart = max(cell_w, *(d.width_of(name, size) for name in PAIR)) + 4 * GAP
    y += 0 if photo is None else head + cell_h + 10
    for index, needs_head in enumerate(headed):
        y += (break_height if index else 0) if needs_head or traversal.num_anchors > 1 else 0
        y += head if needs_head else 0
        tops.append(y)
        y += tall
    canvas_width = left + columns * step - GAP + MARGIN
    footer = f"others held at {traversal.anchor}"
    small = max(size - 2, 10)
    y += small + 8
    canvas_width = max(canvas_width, 2 * MARGIN + d.width_of(footer, small))
    if photo is not None:
        canvas_width = max(canvas_width, left + 2 * apart + MARGIN)

    picture = Image.new("RGB", (canvas_width, y + MARGIN - GAP), palette.PAPER)
    draw = ImageDraw.Draw(picture)
    if title:
        text = d.shorten(title, size, canvas_width - 2 * MARGIN)
        draw.text((MARGIN, MARGIN), text, fill=palette.INK, font=d.font(size), anchor="la")
    for index, image in enumerate(() if photo is None else photo):
        x = left + index * apart
        draw.text((x, pair_top + head - 5), PAIR[index], fill=palette.FAINT, font=d.font(size), anchor="ls")
        picture.paste(d.scaled(image, upscale), (x, pair_top + head))
    for row, top, needs_head in zip(traversal.rows, tops, headed, strict=True):
        draw.text((left - 10, top + tall // 2), row.name, fill=palette.INK, font=d.font(size), anchor="rm")
        for column, value in enumerate(row.values):
            x = left + column * step + (step - GAP - cell_w) // 2
            if needs_head:
                place = (x + cell_w // 2, top - 5)
                draw.text(place, d.number(value), fill=palette.FAINT, font=d.font(size), anchor="ms")
            for anchor, images in enumerate(row.images):
                picture.paste(d.scaled(images[column], upscale), (x, top + anchor * (cell_h + GAP)))
    draw.text((MARGIN, y - 2), footer, fill=palette.FAINT, font=d.font(small), anchor="ls")
    return picture


def draw_samples(images: Pixels, upscale: int = 1) -> Image.Image:
    """(N, H, W, C) images in a nearly square grid, row by row, without labels."""
    count, height, width, _ = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    step_x, step_y = width * upscale + GAP, height * upscale + GAP
    size = (columns * step_x + GAP, rows * step_y + GAP)
    colour = to_picture(images[0]).mode
    picture = Image.new(colour, size, 255 if colour == "L" else palette.PAPER)
    for index, image in enumerate(images):
        place = (GAP + index % columns * step_x, GAP + index // columns * step_y)
        picture.paste(d.scaled(image, upscale).convert(colour), place)
    return picture

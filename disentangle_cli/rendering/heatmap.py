"""A matrix of scores as a picture: rows are encoders, columns generators, best model first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.rendering.drawing import font, width_of
from disentangle_cli.rendering.palette import BEST, DARK_INK, FAINT, PAPER, UNKNOWN, colour_of, contrasting

LABEL_LENGTH = 34
NUMBERS_UP_TO = 20
DRAWN_UP_TO = 1200


@dataclass(frozen=True)
class _Layout:
    """Sizes in pixels of a plot of ``n`` models."""

    n: int
    cell: int
    text: int
    label: int

    @classmethod
    def of(cls, labels: list[str]) -> "_Layout":
        n = len(labels)
        cell = 64 if n <= 8 else 48 if n <= NUMBERS_UP_TO else max(1, min(20, 1200 // n))
        text = max(9, min(16, cell - 4))
        width = max(width_of(label, text) for label in labels)
        # hundreds of models: names would run into each other
        return cls(n, cell, text, width + 12 if cell >= 9 else 0)

    @property
    def grid(self) -> int:
        return self.n * self.cell

    @property
    def left(self) -> int:
        return 44 + self.label

    @property
    def top(self) -> int:
        return 104 + self.label

    @property
    def scores(self) -> int:
        """Left edge of the column of scores."""
        return self.left + self.grid + 16

    @property
    def size(self) -> tuple[int, int]:
        return max(self.scores + 70, 560) + 24, self.top + self.grid + 96


def draw_heatmap(
    matrix: Doubles,
    names: Sequence[str],
    scores: Sequence[float | None],
    title: str,
    subtitle: str,
) -> Image.Image:
    """The matrix (n, n) of models in the order of ``names`` and ``scores``, the selected one at the top left.

    Numbers stand in the cells of pools up to 20 models. Cells that were not evaluated (NaN) are grey with a
    stroke. Of more than 1200 models the best 1200 are drawn.
    """
    drawn = len(names[:DRAWN_UP_TO])
    matrix = matrix[:drawn, :drawn]
    labels = [f"{rank}  {name}" for rank, name in enumerate(short_names(names)[:drawn], start=1)]
    layout = _Layout.of(labels)
    low, high = _limits(matrix)
    image = Image.new("RGB", layout.size, PAPER)
    draw = ImageDraw.Draw(image)
    count = f"{drawn} models" if drawn == len(names) else f"best {drawn} of {len(names)} models"
    draw.text((24, 18), f"{title}, {count}", fill=DARK_INK, font=font(20))
    draw.text((24, 46), f"selected: {_elided(Path(names[0]).name, 60)}", fill=BEST, font=font(14))
    draw.text((24, 66), subtitle, fill=FAINT, font=font(14))
    _draw_cells(draw, matrix, layout, low, high)
    if layout.label:
        _draw_labels(image, draw, labels, scores, layout)
    _draw_bar(draw, layout, low, high)
    return image


def short_names(names: Sequence[str]) -> list[str]:
    """Names without the folder and the ending if they share it, long ones cut in the middle."""
    folders = {str(Path(name).parent) for name in names}
    cut = max(len(name) - len(Path(name).name) for name in names) if len(folders) == 1 else 0
    shared = {Path(name).suffix for name in names}
    ending = len(shared.pop()) if len(shared) == 1 else 0
    return [_elided(name[cut : len(name) - ending]) for name in names]


def _elided(name: str, length: int = LABEL_LENGTH) -> str:
    if len(name) <= length:
        return name
    tail = length * 3 // 5  # the end of a name tells more: seeds stand there
    return f"{name[: length - tail - 1]}…{name[-tail:]}"


def _limits(matrix: Doubles) -> tuple[float, float]:
    """Ends of the colour scale: the data rounded out to tenths, at least a fifth wide."""
    known = matrix[np.isfinite(matrix)]
    if not known.size:
        return 0.0, 1.0
    low = math.floor(known.min() * 10 + 1e-9) / 10
    high = math.ceil(known.max() * 10 - 1e-9) / 10
    return (low, high) if high - low >= 0.2 - 1e-9 else (high - 0.2, high)


def _draw_cells(draw: ImageDraw.ImageDraw, matrix: Doubles, layout: _Layout, low: float, high: float) -> None:
    gap = 1 if layout.cell >= 12 else 0
    small = font(layout.cell // 4 + 2)
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            x, y = layout.left + j * layout.cell, layout.top + i * layout.cell
            box = (x, y, x + layout.cell - 1 - gap, y + layout.cell - 1 - gap)
            if math.isnan(value):
                draw.rectangle(box, fill=UNKNOWN)
                draw.line(box, fill=FAINT)
                continue
            colour = colour_of(value, low, high)
            draw.rectangle(box, fill=colour)
            if layout.n <= NUMBERS_UP_TO:
                centre = (x + layout.cell / 2, y + layout.cell / 2)
                draw.text(centre, f"{value:.2f}", fill=contrasting(colour), font=small, anchor="mm")
    x, y, cell = layout.left, layout.top, layout.cell
    # the selected model's row and column, framed
    draw.rectangle((x - 2, y - 2, x + layout.grid, y + cell), outline=BEST, width=2)
    draw.rectangle((x - 2, y - 2, x + cell, y + layout.grid), outline=BEST, width=2)


def _draw_labels(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    labels: list[str],
    scores: Sequence[float | None],
    layout: _Layout,
) -> None:
    """Names beside and above the cells, and scores behind them."""
    small = font(layout.text)
    draw.text((layout.scores, layout.top - 10), "score", fill=FAINT, font=small, anchor="ls")
    for i, (label, score) in enumerate(zip(labels, scores, strict=True)):
        fill = BEST if i == 0 else DARK_INK
        middle = (i + 0.5) * layout.cell
        draw.text((layout.left - 8, layout.top + middle), label, fill=fill, font=small, anchor="rm")
        text = "-" if score is None else f"{score:.3f}"
        draw.text((layout.scores, layout.top + middle), text, fill=fill, font=small, anchor="lm")
        strip = Image.new("RGB", (layout.label, layout.text + 6), PAPER)
        ImageDraw.Draw(strip).text((0, strip.height / 2), label, fill=fill, font=small, anchor="lm")
        turned = strip.rotate(90, expand=True)
        image.paste(turned, (int(layout.left + middle - turned.width / 2), layout.top - 8 - turned.height))


def _draw_bar(draw: ImageDraw.ImageDraw, layout: _Layout, low: float, high: float) -> None:
    width = max(240, min(layout.grid, 400))
    left, top = min(layout.left, layout.size[0] - width - 40), layout.top + layout.grid + 28
    for x in range(width):
        colour = colour_of(low + (high - low) * x / (width - 1), low, high)
        draw.line((left + x, top, left + x, top + 14), fill=colour)
    draw.rectangle((left - 1, top - 1, left + width, top + 15), outline=FAINT)
    for part in (0.0, 0.5, 1.0):
        text = f"{low + (high - low) * part:.2f}"
        draw.text((left + part * (width - 1), top + 22), text, fill=DARK_INK, font=font(13), anchor="mt")

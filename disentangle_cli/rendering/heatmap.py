"""A matrix of scores as a figure: rows are encoders, columns generators, best model first."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.lines import one_line
from disentangle_cli.rendering.figures import DPI, new_figure, ramp, styled, text_width, wrapped
from disentangle_cli.rendering.palette import (
    BEST,
    DARK_INK,
    FAINT,
    PAPER,
    UNKNOWN,
    colour_of,
    contrasting,
    css,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_LENGTH = 34
NUMBERS_UP_TO = 20
DRAWN_UP_TO = 1200
VECTORS_UP_TO = 60
"""Models whose cells are shapes in an SVG or a PDF; more are pixels."""


def draw_heatmap(
    matrix: Doubles,
    names: Sequence[str],
    scores: Sequence[float | None],
    title: str,
    subtitle: str,
) -> "Figure":
    """The matrix (n, n) of models in the order of ``names`` and ``scores``, the selected one at the top left.

    Numbers stand in the cells of pools up to 20 models. Cells that were not evaluated (NaN) are grey with a
    stroke. Of more than 1200 models the best 1200 are drawn.
    """
    n = len(names[:DRAWN_UP_TO])
    matrix = matrix[:n, :n]
    labels = [f"{rank}  {name}" for rank, name in enumerate(short_names(names)[:n], start=1)]
    cell = (64 if n <= 8 else 48 if n <= NUMBERS_UP_TO else max(1, min(20, 1200 // n))) / DPI  # inches
    points = max(6.5, min(11.0, cell * 72 - 3))
    # hundreds of models: names would run into each other
    named = cell * DPI >= 9
    margin = max(text_width(label, points) for label in labels) + 0.15 if named else 0.1
    left, side, right = 0.3 + margin, n * cell, 1.0 if named else 0.3
    width = max(left + side + right, 5.8)
    count = f"{n} models" if n == len(names) else f"best {n} of {len(names)} models"
    head = [
        *((line, 14, DARK_INK) for line in wrapped(f"{title}, {count}", 14, width - 0.5)),
        *((line, 10, BEST) for line in wrapped(f"selected: {_elided(_last(names[0]), 60)}", 10, width - 0.5)),
        *((line, 10, FAINT) for line in wrapped(subtitle, 10, width - 0.5)),
    ]
    over = 0.36 + 0.22 * len(head) + margin
    with styled():
        figure = new_figure(width, over + side + 0.85)
        height = figure.get_figheight()
        for row, (line, size, colour) in enumerate(head):
            place = 1 - (0.18 + 0.22 * row + (0 if size > 10 else 0.06)) / height
            figure.text(0.24 / width, place, line, size=size, color=css(colour), va="top")
        axes = figure.add_axes((left / width, 1 - (over + side) / height, side / width, side / height))
        axes.set_axis_off()
        axes.set(xlim=(0, n), ylim=(n, 0))
        low, high = limits(matrix)
        mesh = draw_cells(axes, matrix, low, high, gap=0.5 if cell * DPI >= 12 else 0.0)
        if n <= NUMBERS_UP_TO:
            _draw_numbers(axes, matrix, low, high, cell * 72 / 4 + 1)
        for across, down in ((n, 1), (1, n)):  # the selected model's row and column, framed
            axes.add_patch(_frame(across, down))
        if named:
            _draw_labels(axes, labels, scores, points)
        bar = max(2.4, min(side, 4.0))
        begin = min(left, width - bar - 0.4)
        draw_bar(figure, mesh, (begin / width, 0.42 / height, bar / width, 0.14 / height))
    return figure


def draw_cells(axes: "Axes", matrix: Doubles, low: float, high: float, gap: float = 0.0) -> Any:
    """A matrix (a, b) as coloured squares with ``gap`` points between them, grey with a stroke where NaN."""
    from matplotlib.collections import LineCollection

    down, across = matrix.shape
    shapes = max(down, across) <= VECTORS_UP_TO
    lines: dict[str, Any] = {"edgecolors": css(PAPER), "linewidth": gap} if gap else {}
    mesh = axes.pcolormesh(matrix, cmap=ramp(), vmin=low, vmax=high, rasterized=not shapes, **lines)
    rows, columns = np.nonzero(np.isnan(matrix))
    if len(rows):
        axes.set_facecolor(css(UNKNOWN))
        unknown = np.where(np.isnan(matrix), 0.0, np.nan)
        axes.pcolormesh(unknown, cmap=_single(UNKNOWN), rasterized=not shapes, **lines)
        strokes = [((x, y), (x + 1, y + 1)) for y, x in zip(rows, columns, strict=True)]
        axes.add_collection(
            LineCollection(strokes, colors=css(FAINT), linewidths=0.5, rasterized=not shapes),
            autolim=False,
        )
    return mesh


def draw_bar(figure: "Figure", mesh: Any, place: tuple[float, float, float, float]) -> "Axes":
    """The scale of colours of a matrix, lying at ``place`` (left, bottom, width, height)."""
    axes = figure.add_axes(place)
    bar = figure.colorbar(mesh, cax=axes, orientation="horizontal")
    bar.outline.set_linewidth(0.5)
    bar.outline.set_edgecolor(css(FAINT))
    low, high = mesh.get_clim()
    bar.set_ticks([low, (low + high) / 2, high], labels=[f"{x:.2f}" for x in (low, (low + high) / 2, high)])
    axes.tick_params(length=0, labelcolor=css(DARK_INK))
    return axes


def short_names(names: Sequence[str]) -> list[str]:
    """Names without the folder and the ending if they share it, long ones cut in the middle."""
    names = [one_line(name) for name in names]
    folders = {str(Path(name).parent) for name in names}
    cut = max(len(name) - len(Path(name).name) for name in names) if len(folders) == 1 else 0
    shared = {Path(name).suffix for name in names}
    ending = len(shared.pop()) if len(shared) == 1 else 0
    return [_elided(name[cut : len(name) - ending]) for name in names]


def _last(name: str) -> str:
    return one_line(Path(name).name)


def _elided(name: str, length: int = LABEL_LENGTH) -> str:
    if len(name) <= length:
        return name
    tail = length * 3 // 5  # the end of a name tells more: seeds stand there
    return f"{name[: length - tail - 1]}…{name[-tail:]}"


def limits(matrix: Doubles) -> tuple[float, float]:
    """Ends of the colour scale: the data rounded out to tenths, at least a fifth wide."""
    known = matrix[np.isfinite(matrix)]
    if not known.size:
        return 0.0, 1.0
    low = math.floor(known.min() * 10 + 1e-9) / 10
    high = math.ceil(known.max() * 10 - 1e-9) / 10
    return (low, high) if high - low >= 0.2 - 1e-9 else (high - 0.2, high)


def _single(colour: tuple[int, int, int]) -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([css(colour)])


def _frame(across: int, down: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((0, 0), across, down, fill=False, edgecolor=css(BEST), linewidth=1.6, clip_on=False)


def _draw_numbers(axes: "Axes", matrix: Doubles, low: float, high: float, points: float) -> None:
    for (i, j), value in np.ndenumerate(matrix):
        if not math.isnan(value):
            colour = css(contrasting(colour_of(float(value), low, high)))
            axes.text(j + 0.5, i + 0.5, f"{value:.2f}", size=points, color=colour, ha="center", va="center")


def _draw_labels(axes: "Axes", labels: Sequence[str], scores: Sequence[float | None], points: float) -> None:
    """Names beside and above the cells, and scores behind them."""
    n = len(labels)
    across = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    gap = 0.08 / (axes.get_position().width * axes.figure.get_figwidth())  # type: ignore[union-attr]
    axes.text(1 + gap, -0.15, "score", transform=across[0], size=points, color=css(FAINT), va="bottom")
    for i, (label, score) in enumerate(zip(labels, scores, strict=False)):
        look: dict[str, Any] = {"size": points, "color": css(BEST if i == 0 else DARK_INK)}
        text = "-" if score is None else f"{score:.3f}"
        axes.text(-gap, i + 0.5, label, transform=across[0], ha="right", va="center_baseline", **look)
        axes.text(1 + gap, i + 0.5, text, transform=across[0], va="center_baseline", **look)
        place = (i + 0.5) / n, 1 + gap
        axes.text(*place, label, transform=axes.transAxes, ha="center", va="bottom", rotation=90, **look)

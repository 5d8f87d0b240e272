"""Curves over the course of a training: a small panel for each quantity, a colour for each configuration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.lines import one_line
from disentangle_cli.rendering.figures import new_figure, styled, text_width, wrapped
from disentangle_cli.rendering.palette import DARK_INK, FAINT, SERIES, css

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 3.5, 2.25
"""Inches of a panel, one of several."""
ALONE = 7.2, 3.8
"""Of a panel that has the figure to itself."""
DECADES = 2
"""A quantity that stays above 0 and moves over more powers of ten has a logarithmic axis."""
MOST_POINTS = 2000
"""Of the outline of a band: more are thinned, so that no peak is lost."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (7, 2, 1, 2)))
"""Of lines, when all colours are taken."""
MARKS: tuple[Any, ...] = ((0, (4, 2)), (0, (1, 1.5)), (0, (7, 2, 1.2, 2)), (0, (9, 3)), "-")
"""Of the upright lines that mark phases, by the place of the name."""


@dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
        series: whose line it is: an index of the chart's ``series``.
        x, y: (n,) where it runs.
        low, high: (n,) the band around it; None: there is none.
        thin: whether it is one of several that belong together, drawn apart.
    """

    series: int
    x: Doubles
    y: Doubles
    low: Doubles | None = None
    high: Doubles | None = None
    thin: bool = False


@dataclass(frozen=True)
class Panel:
    """One quantity; ``unit``: it lies between 0 and 1, and so does the axis."""

    title: str
    curves: Sequence[Curve]
    unit: bool = False


@dataclass(frozen=True)
class Mark:
    """Where something begins: ``name`` says what, ``series`` for which series alone (None: for all)."""

    x: float
    name: str
    series: int | None = None


@dataclass(frozen=True)
class Chart:
    """Panels over one axis; ``points``: values are shown as points on the lines, too.

    ``x_end`` is where the axis ends at least.
    """

    panels: Sequence[Panel]
    series: Sequence[str]
    marks: Sequence[Mark] = ()
    title: str = ""
    subtitle: str = ""
    x_label: str = "iteration"
    x_end: float = 0.0
    points: bool = False


def draw_curves(chart: Chart) -> "Figure":
    """All panels of a chart, row by row, below a title and what the lines mean."""
    count = len(chart.panels)
    across = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 9 else 4
    down = max(1, math.ceil(count / across))
    size = ALONE if count == 1 else PANEL
    wide = across * size[0]
    room = wide - 0.3
    title = wrapped(one_line(chart.title), 13, room)
    subtitle = wrapped(one_line(chart.subtitle), 9, room)
    entries = _rows_of_entries(chart, room)
    top = 0.12 + 0.25 * len(title) + 0.19 * len(subtitle) + 0.22 * len(entries) + 0.1
    with styled():
        figure = new_figure(wide, top + down * size[1])
        tall = top + down * size[1]
        figure.set_layout_engine(
            "constrained", rect=(0.01, 0.0, 0.98, 1 - top / tall), w_pad=0.08, h_pad=0.08
        )
        y = 0.12
        for lines, points, step, colour in ((title, 13, 0.25, DARK_INK), (subtitle, 9, 0.19, FAINT)):
            for line in lines:
                figure.text(0.15 / wide, 1 - y / tall, line, size=points, color=css(colour), va="top")
                y += step
        for row in entries:
            y += 0.22
            for x, entry in row:
                _draw_entry(figure, entry, x, y - 0.08)
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for axes, panel in zip(grid, chart.panels, strict=False):
            draw_panel(axes, panel, chart)
        for axes in grid[count:]:
            axes.set_axis_off()
    return figure


def chart_of_scores(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    x_label: str,
    x_end: float = 0.0,
    marks: Sequence[Mark] = (),
) -> Chart:
    """Scores between 0 and 1 in one panel: (x, y) by the names of lines, with points."""
    curves = [
        Curve(place, *np.array(points, dtype=np.float64).reshape(-1, 2).T)
        for place, points in enumerate(lines.values())
    ]
    return Chart([Panel(title, curves, unit=True)], list(lines), marks, "", "", x_label, x_end, points=True)


def panel_figure(panel: Panel, chart: Chart) -> tuple["Figure", "Axes"]:
    """One panel by itself, with its axes, which lie where they will be drawn."""
    with styled():
        figure = new_figure(*PANEL)
        axes = figure.add_axes((0.14, 0.19, 0.8, 0.68))
        draw_panel(axes, panel, chart)
    return figure, axes


def draw_panel(axes: "Axes", panel: Panel, chart: Chart) -> None:
    """Draw a panel; under :func:`~disentangle_cli.rendering.figures.styled`."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    axes.set_title(one_line(panel.title), color=css(DARK_INK))
    lows, highs = [], []
    for curve in panel.curves:
        look = series_look(curve.series)
        if curve.low is not None and curve.high is not None:
            x, low, high = outline(curve.x, curve.low, curve.high)
            axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0)
        marker: dict[str, Any] = (
            {"marker": "o", "markersize": 3.5} if chart.points or len(curve.x) == 1 else {}
        )
        width: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.75} if curve.thin else {}
        axes.plot(curve.x, curve.y, **look, **width, **marker)
        lows.append(min(curve.y) if curve.low is None else min(curve.low))
        highs.append(max(curve.y) if curve.high is None else max(curve.high))
    begin, end = _ends(panel, chart)
    axes.set_xlim(begin, end)
    if panel.unit:
        axes.set_ylim(0, 1)
    elif lows and min(lows) > 0 and max(highs) / min(lows) > 10**DECADES:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    names = _mark_names(chart)
    for mark in chart.marks:
        if begin < mark.x <= end or (begin > 0 and begin == mark.x):
            colour = css(FAINT) if mark.series is None else series_look(mark.series)["color"]
            axes.axvline(mark.x, color=colour, linewidth=0.9, linestyle=_mark_dash(names.index(mark.name)))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=end >= 4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if end >= 4 else f"{x:g}"))
    axes.set_xlabel(chart.x_label, size=8, labelpad=2)
    axes.tick_params(length=0)


def _ends(panel: Panel, chart: Chart) -> tuple[float, float]:
    """The ends of the axis: from 0, but of a quantity that comes up in the second half from there."""
    first = min((float(curve.x[0]) for curve in panel.curves), default=0.0)
    last = max((float(curve.x[-1]) for curve in panel.curves), default=0.0)
    end = max(chart.x_end, last) or 1.0
    return (0.0 if first <= end / 2 else first - 0.05 * (end - first or end)), end


def series_look(series: int) -> dict[str, Any]:
    """Colour and dashes of a series: no two of the first 32 are alike."""
    turn, place = divmod(series, len(SERIES))
    return {"color": css(SERIES[place]), "linestyle": DASHES[turn % len(DASHES)]}


def outline(x: Doubles, low: Doubles, high: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """The band, of more than :data:`MOST_POINTS` points the lowest and the highest in equal parts."""
    if len(x) <= MOST_POINTS:
        return x, low, high
    parts = np.unique(np.linspace(0, len(x), MOST_POINTS + 1).astype(int)[:-1])
    return x[parts], np.minimum.reduceat(low, parts), np.maximum.reduceat(high, parts)


def _mark_names(chart: Chart) -> list[str]:
    return list(dict.fromkeys(mark.name for mark in chart.marks if mark.x > 0))


def _mark_dash(place: int) -> Any:
    return MARKS[place % len(MARKS)]


@dataclass(frozen=True)
class Entry:
    """What a line means: a series, or a phase (``upright``); ``variable`` is its colour on a page."""

    text: str
    look: dict[str, Any]
    variable: str
    upright: bool = False

    @property
    def sign(self) -> float:
        """Inches that the line takes, with the gap before the text."""
        return 0.14 if self.upright else 0.42

    @property
    def width(self) -> float:
        """Inches of all, with the gap before the next."""
        return self.sign + text_width(self.text, 9) + 0.25


def legend_of(chart: Chart) -> list[Entry]:
    """What the lines mean: series, then phases."""
    entries = [
        Entry(one_line(name), series_look(i), f"series-{i % len(SERIES)}")
        for i, name in enumerate(chart.series)
        if name
    ]
    return entries + [
        Entry(one_line(name), {"color": css(FAINT), "linestyle": _mark_dash(i)}, "faint", upright=True)
        for i, name in enumerate(_mark_names(chart))
    ]


def _rows_of_entries(chart: Chart, room: float) -> list[list[tuple[float, Entry]]]:
    """Entries with their left edges in inches, in as many rows as they need."""
    rows: list[list[tuple[float, Entry]]] = []
    x = 0.0
    for entry in legend_of(chart):
        if not rows or x + entry.width > room:
            rows.append([])
            x = 0.15
        rows[-1].append((x, entry))
        x += entry.width
    return rows


def _draw_entry(figure: "Figure", entry: Entry, x: float, y: float) -> None:
    """An entry whose middle is ``y`` inches below the upper edge."""
    from matplotlib.lines import Line2D

    wide, tall = figure.get_size_inches()
    xs, ys = ([x + 0.04, x + 0.04], [y - 0.08, y + 0.08]) if entry.upright else ([x, x + 0.32], [y, y])
    width = 0.9 if entry.upright else 1.8
    line = Line2D([v / wide for v in xs], [1 - v / tall for v in ys], linewidth=width, **entry.look)
    figure.add_artist(line)
    place = (x + entry.sign) / wide, 1 - y / tall
    figure.text(*place, entry.text, size=9, va="center_baseline", color=css(DARK_INK))

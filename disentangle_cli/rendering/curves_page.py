"""Curves as a page: panels that say their numbers under the pointer, and, while runs are under way, live."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle_cli.lines import one_line
from disentangle_cli.rendering.curves import Chart, Curve, Entry, legend_of, panel_figure
from disentangle_cli.rendering.figures import inline_svg, styled
from disentangle_cli.rendering.pages import render
from disentangle_cli.rendering.palette import SERIES

READ_POINTS = 500
"""Of a curve that the pointer can read; more are thinned."""


@dataclass(frozen=True)
class Numbers:
    """A table of the page."""

    title: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Underway:
    """How far a run is: iterations ``done`` of ``length`` (None: nobody knows), and in words."""

    name: str
    done: int
    length: int | None
    words: str


@dataclass(frozen=True)
class Shown:
    """A picture: a data URL, whose it is, and of when."""

    url: str
    name: str
    when: str


@dataclass(frozen=True)
class Live:
    """The state of a training that the page follows.

    Attributes:
        state: in words; ``trouble``: not a good one.
        updated: when the page was written, in words.
        every: seconds between two looks of the page at itself.
        finished: whether this is the last state.
    """

    state: str
    updated: str
    every: int
    finished: bool = False
    trouble: bool = False


def draw_curves_page(
    chart: Chart,
    lead: Sequence[str],
    tables: Sequence[Numbers],
    *,
    live: Live | None = None,
    runs: Sequence[Underway] = (),
    pictures: Sequence[Shown] = (),
) -> str:
    """The text of the page: it needs no other file and no network."""
    from markupsafe import Markup

    panels, readings = [], []
    for place, panel in enumerate(chart.panels):
        with styled():
            figure, axes = panel_figure(panel, chart)
            panels.append(Markup(inline_svg(figure, _label(panel.title, chart), f"p{place}")))
            box = axes.get_position()
        wide, tall = figure.get_size_inches() * 72
        readings.append(
            {
                "box": [box.x0 * wide, (1 - box.y1) * tall, box.width * wide, box.height * tall],
                "ends": list(axes.get_xlim()),
                "curves": [_reading(curve) for curve in panel.curves],
            }
        )
    data = {
        "panels": readings,
        "series": list(chart.series),
        "colours": len(SERIES),
        "x_label": chart.x_label,
        "live": {"every": live.every, "finished": live.finished, "at": live.updated} if live else None,
    }
    return render(
        "curves.html.j2",
        title=chart.title,
        scripts=["curves.js", *(["live.js"] if live else [])],
        data=data,
        reloads=live is not None,
        chart=chart,
        lead=lead,
        legend=[
            {"text": entry.text, "line": Markup(_swatch(entry)), "room": 8 if entry.upright else 32}
            for entry in legend_of(chart)
        ],
        panels=panels,
        tables=tables,
        live=live,
        runs=runs,
        pictures=pictures,
    )


def _label(title: str, chart: Chart) -> str:
    return f"{one_line(title)} over {chart.x_label}; its last values are in the table below"


def _reading(curve: Curve) -> dict[str, Any]:
    step = max(1, -(-len(curve.x) // READ_POINTS))
    # from the end, so that the last value is there
    rows = np.arange(len(curve.x) - 1, -1, -step)[::-1]
    found: dict[str, Any] = {"series": curve.series}
    for name, values in (("x", curve.x), ("y", curve.y), ("low", curve.low), ("high", curve.high)):
        if values is not None:
            found[name] = [float(f"{value:.6g}") for value in np.asarray(values)[rows]]
    return found


def _swatch(entry: Entry) -> str:
    """A line as the legend of the page shows it."""
    dashes = entry.look["linestyle"]
    pattern = "" if isinstance(dashes, str) else " ".join(f"{2 * part:g}" for part in dashes[1])
    place = 'x1="4" y1="0" x2="4" y2="14"' if entry.upright else 'x1="0" y1="7" x2="32" y2="7"'
    style = f"stroke:var(--{entry.variable});stroke-width:{1.2 if entry.upright else 2.6}"
    return f'<line {place} style="{style}" stroke-dasharray="{pattern}"/>'

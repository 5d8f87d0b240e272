"""Matchings of codes as a figure: one small matrix for each other model, the best match first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.rendering.figures import new_figure, styled, text_width, wrapped
from disentangle_cli.rendering.heatmap import draw_bar, draw_cells, short_names
from disentangle_cli.rendering.palette import BEST, DARK_INK, FAINT, css

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL, GAP, HEAD = 0.24, 0.3, 0.42
"""Inches: of a cell, between matrices, above one (its model and the names of codes)."""
MOST = 60
"""Models drawn; the rest agrees less."""
SHARE = "share of groups with the code of the column fixed that the code of the row won, both ways round"


@dataclass(frozen=True)
class Match:
    """One other model, code to code.

    Attributes:
        model: its name.
        score: how far both agree, as ModelCentrality counts it.
        codes, others: names of the codes of the model explained (rows) and of this one (columns).
        shares: (a, b) in [0, 1]: how often the code of the row won the vote while that of the column was
            held fixed, averaged with the same the other way round.
        pairs: the one-to-one assignment of codes with the largest sum of shares, largest share first.
    """

    model: str
    score: float
    codes: tuple[str, ...]
    others: tuple[str, ...]
    shares: Doubles
    pairs: tuple[tuple[str, str, float], ...]


def draw_matchings(model: str, found: Sequence[Match]) -> "Figure":
    """Codes of ``model`` downwards, codes of each other model to the right; dark is a match."""
    matches = found[:MOST]
    own, *names = short_names([model, *(match.model for match in matches)])
    heads = [f"{name}  {match.score:.2f}" for match, name in zip(matches, names, strict=True)]
    label = max([text_width(code, 8) for match in matches for code in match.codes], default=0.0) + 0.1
    width = max(
        [1.2, *(label + CELL * len(match.others) for match in matches), *(text_width(h, 9) for h in heads)]
    )
    height = HEAD + max([0.0, *(CELL * len(match.codes) for match in matches)])
    across = max(1, min(len(matches), int(14 / (width + GAP)), math.ceil(math.sqrt(len(matches)))))
    down = math.ceil(len(matches) / across)
    wide = max(across * (width + GAP) + GAP, 6.4)
    title = wrapped(f"codes of {own} in other models", 14, wide - 2 * GAP)
    legend = wrapped(SHARE, 9, wide - 2 * GAP)
    top = GAP + 0.26 * len(title) + 0.18 * len(legend) + 0.7
    with styled():
        figure = new_figure(wide, top + down * (height + GAP))
        tall = figure.get_figheight()
        y = 0.2
        for lines, size, step, colour in ((title, 14, 0.26, BEST), (legend, 9, 0.18, FAINT)):
            for line in lines:
                figure.text(GAP / wide, 1 - y / tall, line, size=size, color=css(colour), va="top")
                y += step
        mesh = None
        for number, (match, head) in enumerate(zip(matches, heads, strict=True)):
            left = GAP + number % across * (width + GAP)
            begin = top + number // across * (height + GAP)
            figure.text(left / wide, 1 - begin / tall, head, size=9, color=css(DARK_INK), va="top")
            mesh = _draw_match(figure, match, left + label, begin + HEAD)
        if mesh is not None:
            bar = (GAP + 0.1) / wide, 1 - (y + 0.2) / tall, 2.4 / wide, 0.12 / tall
            draw_bar(figure, mesh, bar)
        else:
            words = "no other model was compared"
            figure.text(GAP / wide, 1 - (y + 0.1) / tall, words, size=9, va="top")
    return figure


def _draw_match(figure: "Figure", match: Match, left: float, top: float) -> object:
    """Draw a matrix with its top left corner there, in inches; return what its colours mean."""
    from matplotlib.patches import Rectangle

    wide, tall = figure.get_size_inches()
    down, across = match.shares.shape
    size = across * CELL / wide, down * CELL / tall
    axes = figure.add_axes((left / wide, 1 - top / tall - size[1], *size))
    axes.set(xlim=(0, across), ylim=(down, 0))
    axes.grid(False)
    mesh = draw_cells(axes, match.shares, 0.0, 1.0, gap=1.0)
    axes.set_xticks([b + 0.5 for b in range(across)], match.others)
    axes.set_yticks([a + 0.5 for a in range(down)], match.codes)
    axes.tick_params(length=0, labelsize=8, labeltop=True, labelbottom=False, pad=2)
    axes.spines[:].set_visible(False)
    for code, other, _ in match.pairs:
        corner = match.others.index(other), match.codes.index(code)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=css(BEST), linewidth=1.4, clip_on=False))
    return mesh

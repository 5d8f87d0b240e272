"""Matchings of codes as a picture: one small matrix for each other model, the best match first."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.rendering.drawing import font
from disentangle_cli.rendering.heatmap import short_names
from disentangle_cli.rendering.palette import BEST, DARK_INK, FAINT, PAPER, colour_of

CELL, GAP, HEAD, LABEL = 24, 36, 64, 40
MOST = 60
"""Models drawn; the rest agrees less."""


@dataclass(frozen=True)
class Matching:
    """One other model.

    Attributes:
        model: its name.
        score: how far it agrees with the model explained.
        rows, columns: names of the codes of both sides.
        shares: (a, b) in [0, 1], how far each code of the rows is each code of the columns.
        pairs: the codes that belong together.
    """

    model: str
    score: float
    rows: Sequence[str]
    columns: Sequence[str]
    shares: Doubles
    pairs: Collection[tuple[str, str]]


def draw_matchings(model: str, matchings: Sequence[Matching]) -> Image.Image:
    """Codes of ``model`` downwards, codes of each other model to the right; dark is a match."""
    matches = matchings[:MOST]
    names = short_names([model, *(match.model for match in matches)])
    width = max([7 * 30, *(CELL * len(match.columns) for match in matches)]) + LABEL
    height = max([CELL, *(CELL * len(match.rows) for match in matches)]) + HEAD
    across = max(1, min(len(matches), 1400 // (width + GAP), math.ceil(math.sqrt(len(matches)))))
    down = max(1, math.ceil(len(matches) / across))
    size = max(across * (width + GAP) + GAP, 560), 84 + down * (height + GAP)
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((GAP, 18), f"codes of {names[0]} in other models", fill=BEST, font=font(20))
    subtitle = (
        "share of groups with the code of the column fixed that the code of the row won, both ways round"
    )
    draw.text((GAP, 48), subtitle, fill=FAINT, font=font(13))
    for number, (match, name) in enumerate(zip(matches, names[1:], strict=True)):
        left = GAP + (number % across) * (width + GAP)
        top = 84 + (number // across) * (height + GAP)
        _draw_match(draw, match, name, left, top)
    return image


def _draw_match(draw: ImageDraw.ImageDraw, match: Matching, name: str, left: int, top: int) -> None:
    draw.text((left, top), f"{name}  {match.score:.2f}", fill=DARK_INK, font=font(13))
    x0, y0, small = left + LABEL, top + HEAD - 22, font(11)
    for b, other in enumerate(match.columns):
        draw.text((x0 + (b + 0.5) * CELL, y0 - 4), other, fill=FAINT, font=small, anchor="ms")
    for a, code in enumerate(match.rows):
        y = y0 + a * CELL
        draw.text((x0 - 6, y + CELL / 2), code, fill=FAINT, font=small, anchor="rm")
        for b, other in enumerate(match.columns):
            x = x0 + b * CELL
            box = (x, y, x + CELL - 2, y + CELL - 2)
            outline = BEST if (code, other) in match.pairs else None
            draw.rectangle(box, fill=colour_of(float(match.shares[a, b]), 0, 1), outline=outline)

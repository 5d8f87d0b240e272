"""Matchings of codes as a picture: one small matrix for each other model, the best match first."""

import math
from collections.abc import Sequence
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


def draw_matchings(model: str, found: Sequence[Match]) -> Image.Image:
    """Codes of ``model`` downwards, codes of each other model to the right; dark is a match."""
    matches = found[:MOST]
    names = short_names([model, *(match.model for match in matches)])
    width = max([7 * 30, *(CELL * len(match.others) for match in matches)]) + LABEL
    height = max([CELL, *(CELL * len(match.codes) for match in matches)]) + HEAD
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


def _draw_match(draw: ImageDraw.ImageDraw, match: Match, name: str, left: int, top: int) -> None:
    draw.text((left, top), f"{name}  {match.score:.2f}", fill=DARK_INK, font=font(13))
    x0, y0, small = left + LABEL, top + HEAD - 22, font(11)
    pairs = {(code, other) for code, other, _ in match.pairs}
    for b, other in enumerate(match.others):
        draw.text((x0 + (b + 0.5) * CELL, y0 - 4), other, fill=FAINT, font=small, anchor="ms")
    for a, code in enumerate(match.codes):
        y = y0 + a * CELL
        draw.text((x0 - 6, y + CELL / 2), code, fill=FAINT, font=small, anchor="rm")
        for b, other in enumerate(match.others):
            x = x0 + b * CELL
            box = (x, y, x + CELL - 2, y + CELL - 2)
            outline = BEST if (code, other) in pairs else None
            draw.rectangle(box, fill=colour_of(float(match.shares[a, b]), 0, 1), outline=outline)

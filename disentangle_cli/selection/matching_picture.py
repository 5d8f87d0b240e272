"""The matching of codes as a picture: one small matrix for each other model, the best match first."""

import math
from pathlib import Path

from PIL import Image, ImageDraw

from disentangle_cli.files import atomic
from disentangle_cli.rendering.ramp import colour_of
from disentangle_cli.selection.explain import Explanation, Match
from disentangle_cli.selection.heatmap import FAINT, INK, MEDOID, PAPER, font_of, short_names

CELL, GAP, HEAD, LABEL = 24, 36, 64, 40
MOST = 60
"""Models drawn; the rest agrees less."""


def save_matching(explanation: Explanation, path: str | Path) -> Path:
    """Write the picture as a PNG, atomically."""
    image = draw_matching(explanation)
    with atomic(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)
    return Path(path)


def draw_matching(explanation: Explanation) -> Image.Image:
    """Codes of the model explained downwards, codes of each other model to the right; dark is a match."""
    matches = explanation.matches[:MOST]
    names = short_names([explanation.model, *(match.model for match in matches)])
    width = max([7 * 30, *(CELL * len(match.others) for match in matches)]) + LABEL
    height = max([CELL, *(CELL * len(match.codes) for match in matches)]) + HEAD
    across = max(1, min(len(matches), 1400 // (width + GAP), math.ceil(math.sqrt(len(matches)))))
    down = max(1, math.ceil(len(matches) / across))
    size = max(across * (width + GAP) + GAP, 560), 84 + down * (height + GAP)
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((GAP, 18), f"codes of {names[0]} in other models", fill=MEDOID, font=font_of(20))
    subtitle = (
        "share of groups with the code of the column fixed that the code of the row won, both ways round"
    )
    draw.text((GAP, 48), subtitle, fill=FAINT, font=font_of(13))
    for number, (match, name) in enumerate(zip(matches, names[1:], strict=True)):
        left = GAP + (number % across) * (width + GAP)
        top = 84 + (number // across) * (height + GAP)
        _draw_match(draw, match, name, left, top)
    return image


def _draw_match(draw: ImageDraw.ImageDraw, match: Match, name: str, left: int, top: int) -> None:
    draw.text((left, top), f"{name}  {match.score:.2f}", fill=INK, font=font_of(13))
    x0, y0, small = left + LABEL, top + HEAD - 22, font_of(11)
    for b, other in enumerate(match.others):
        draw.text((x0 + (b + 0.5) * CELL, y0 - 4), other, fill=FAINT, font=small, anchor="ms")
    paired = {(a, b) for a, b, _ in match.pairs}
    for a, code in enumerate(match.codes):
        y = y0 + a * CELL
        draw.text((x0 - 6, y + CELL / 2), code, fill=FAINT, font=small, anchor="rm")
        for b, other in enumerate(match.others):
            x = x0 + b * CELL
            box = (x, y, x + CELL - 2, y + CELL - 2)
            outline = MEDOID if (code, other) in paired else None
            draw.rectangle(box, fill=colour_of(float(match.shares[a, b]), 0, 1), outline=outline)

"""Lines in a picture: scores over the course of a training."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from disentangle_cli.rendering.drawing import font, width_of
from disentangle_cli.rendering.palette import ACCENT, BEST, FAINT, INK, PAPER, RULE

COLOURS = (ACCENT, BEST, (40, 140, 90), (140, 80, 180), (180, 140, 20), (60, 60, 60))
WIDTH, HEIGHT = 760, 380
LEFT, TOP, RIGHT, BOTTOM = 52, 40, 180, 48
TEXT = 13

Line = Sequence[tuple[float, float]]


def draw(
    lines: Mapping[str, Line],
    x_label: str,
    y_label: str,
    x_end: float,
    marks: Mapping[str, float] | None = None,
    fine: int = 5,
) -> Image.Image:
    """Lines of (x, y) by their names, x from 0 to ``x_end`` and y from 0 to 1.

    ``marks`` are vertical lines by what they are called; each axis has ``fine`` steps.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)

    def at(x: float, y: float) -> tuple[float, float]:
        across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + across * x / x_end, HEIGHT - BOTTOM - down * y

    for step in range(fine + 1):
        x, y = x_end * step / fine, step / fine
        pen.line([at(0, y), at(x_end, y)], fill=RULE)
        pen.text((LEFT - 8, at(0, y)[1]), f"{y:.1f}", fill=FAINT, font=font(TEXT), anchor="rm")
        pen.text((at(x, 0)[0], HEIGHT - BOTTOM + 6), f"{x:g}", fill=FAINT, font=font(TEXT), anchor="mt")
    for name, x in (marks or {}).items():
        pen.line([at(x, 0), at(x, 1)], fill=FAINT)
        place = min(at(x, 1)[0], WIDTH - width_of(name, TEXT) / 2 - 4)
        pen.text((place, TOP - 6), name, fill=FAINT, font=font(TEXT), anchor="mb")
    pen.text((LEFT - 40, 6), y_label, fill=INK, font=font(TEXT))
    pen.text((at(x_end / 2, 0)[0], HEIGHT - 6), x_label, fill=INK, font=font(TEXT), anchor="mb")
    for i, (name, line) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        points = [at(x, min(max(y, 0.0), 1.0)) for x, y in line]
        pen.line(points, fill=colour, width=2, joint="curve")
        for x, y in points:
            pen.ellipse([x - 2, y - 2, x + 2, y + 2], fill=colour)
        row = TOP + i * (TEXT + 8)
        pen.line([(WIDTH - RIGHT + 14, row + 7), (WIDTH - RIGHT + 34, row + 7)], fill=colour, width=2)
        pen.text((WIDTH - RIGHT + 40, row), name, fill=INK, font=font(TEXT))
    return picture

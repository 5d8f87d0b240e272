"""The colours of all pictures and pages: inks, marks, and one scale for every matrix that is drawn."""

import numpy as np

Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (32, 36, 44)
FAINT: Colour = (120, 126, 138)
RULE: Colour = (214, 218, 226)
ACCENT: Colour = (38, 110, 210)
# of matrices and reports
DARK_INK: Colour = (28, 32, 40)
BEST: Colour = (214, 92, 20)
UNKNOWN: Colour = (222, 222, 222)
TABLE_RULE: Colour = (228, 230, 234)

# light to dark along one hue path, so that order is also seen in grey
RAMP: tuple[Colour, ...] = (
    (246, 249, 240), (206, 231, 214), (140, 204, 200), (74, 163, 189), (38, 112, 166), (30, 64, 124),
    (20, 25, 68),
)  # fmt: skip


def colour_of(value: float, low: float, high: float) -> Colour:
    """The colour of a value on a scale from ``low`` to ``high``; values beyond get the end's colour."""
    place = min(max((value - low) / (high - low), 0.0), 1.0) * (len(RAMP) - 1)
    step = min(int(place), len(RAMP) - 2)
    first, second = np.array(RAMP[step]), np.array(RAMP[step + 1])
    red, green, blue = (first + (second - first) * (place - step)).round().astype(int).tolist()
    return red, green, blue


def contrasting(colour: Colour) -> Colour:
    """Dark or light: whichever can be read on ``colour``."""
    red, green, blue = colour
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else DARK_INK


def css(colour: Colour) -> str:
    """``#rrggbb``."""
    return "#" + "".join(f"{part:02x}" for part in colour)


# variables of a page with sliders, on a light and on a dark screen
LIGHT_PAGE = f"--ink: {css(INK)}; --faint: #5d6470; --card: #f5f6f9; --page: #fff; --accent: {css(ACCENT)};"
DARK_PAGE = "--ink: #e8eaf0; --faint: #a2a9b6; --card: #23272f; --page: #16181d; --accent: #6ea8ff;"

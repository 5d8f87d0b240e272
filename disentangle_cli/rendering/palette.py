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

# of lines in charts, told apart also by those who see few colours; on a dark page DARK_SERIES stands for them
SERIES: tuple[Colour, ...] = (
    ACCENT, BEST, (23, 139, 90), (146, 78, 184), (168, 128, 12), (20, 140, 160), (200, 50, 110),
    (98, 104, 116),
)  # fmt: skip
DARK_SERIES: tuple[Colour, ...] = (
    (110, 168, 255), (255, 157, 92), (84, 206, 152), (206, 150, 240), (226, 188, 84), (94, 206, 226),
    (255, 130, 178), (170, 176, 190),
)  # fmt: skip

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


def luminance(colour: Colour) -> float:
    """From 0 to 1, as the Web Content Accessibility Guidelines 2.2 define it."""
    parts = [c / 12.92 if (c := part / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    """How well one can be read on the other: 1 to 21, by the same guidelines; texts want 4.5."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrasting(colour: Colour) -> Colour:
    """Dark or light: whichever can be read better on ``colour``."""
    return max((PAPER, DARK_INK), key=lambda ink: contrast(ink, colour))


def css(colour: Colour) -> str:
    """``#rrggbb``."""
    return "#" + "".join(f"{part:02x}" for part in colour)


# of pages, on a light and on a dark screen
LIGHT_PAGE: dict[str, Colour] = {
    "ink": INK,
    "faint": (93, 100, 112),
    "card": (245, 246, 249),
    "page": PAPER,
    "rule": RULE,
    "line": (134, 140, 152),
    "accent": ACCENT,
    "best": (178, 70, 8),
} | {f"series-{i}": colour for i, colour in enumerate(SERIES)}
DARK_PAGE: dict[str, Colour] = {
    "ink": (232, 234, 240),
    "faint": (162, 169, 182),
    "card": (35, 39, 47),
    "page": (22, 24, 29),
    "rule": (58, 64, 75),
    "line": (116, 124, 138),
    "accent": (110, 168, 255),
    "best": (255, 157, 92),
} | {f"series-{i}": colour for i, colour in enumerate(DARK_SERIES)}


def page_variables(colours: dict[str, Colour]) -> str:
    """Colours as variables of a style sheet: ``--ink: #20242c; ...``."""
    return " ".join(f"--{name}: {css(colour)};" for name, colour in colours.items())

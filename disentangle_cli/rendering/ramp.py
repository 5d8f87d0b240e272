"""One scale of colours for every matrix that is drawn."""

import numpy as np

Colour = tuple[int, int, int]

# light to dark along one hue path, so that order is also seen in grey
RAMP: tuple[Colour, ...] = (
    (246, 249, 240), (206, 231, 214), (140, 204, 200), (74, 163, 189), (38, 112, 166), (30, 64, 124),
    (20, 25, 68),
)  # fmt: skip
DARK_INK, LIGHT_INK = (28, 32, 40), (255, 255, 255)


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
    return LIGHT_INK if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else DARK_INK

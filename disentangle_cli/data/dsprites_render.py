"""The dSprites images, drawn again from their geometry, pixel for pixel.

Every image is one polygon, filled by the rule of a GPU rasteriser: vertices snapped to a grid of
1/256 pixel, a pixel on when its centre is inside, no smoothing. All arithmetic after the snapping
is in integers, so a picture does not depend on the machine that draws it.

Pixel ``k`` of a row or column has its centre at ``k + 0.5``; x grows right, y grows down.
"""

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bytes, Doubles, Ints

SIDE = 64
POSITIONS = 32
SUBPIXELS = 256
SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
ORIENTATIONS = np.linspace(0.0, 2.0 * np.pi, 40)  # both ends: class 39 repeats class 0
CENTRES = 16.0 + 32.0 * np.linspace(0.0, 1.0, POSITIONS)
RADIUS = 9.6  # pixels at scale 1

# Everything from pixel p to the right end of a row of 64, pixel 0 in the highest bit; p = 64: nothing.
_TAILS = np.array([(1 << (SIDE - p)) - 1 for p in range(SIDE + 1)], np.uint64)


def _square() -> Doubles:
    return np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


def _ellipse() -> Doubles:
    t = 2.0 * np.pi * np.arange(100) / 100
    return np.stack([1.33 * np.cos(t), np.sin(t) / 1.33], axis=1)


def _heart() -> Doubles:
    t = 2.0 * np.pi * np.arange(150) / 150
    up = (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 14.5 + 0.15
    return np.stack([np.sin(t) ** 3, -up], axis=1)


OUTLINES = (_square(), _ellipse(), _heart())
"""Per shape class the unit polygon ``(V, 2)`` of x, y at orientation 0, in units of the radius."""


def render_pose(shape: int, scale: int, orientation: int) -> Bytes:
    """All images of one shape, scale and orientation (class ids), bit-packed.

    Returns:
        ``(1024, 512)``: one row per position, posX slowest; ``np.unpackbits`` of a row gives the
        64x64 pixels in reading order.
    """
    angle = ORIENTATIONS[orientation]
    x, y = (RADIUS * SCALES[scale] * OUTLINES[shape]).T
    xs = _snap(CENTRES[:, None] + x * np.cos(angle) + y * np.sin(angle))  # (posX, V)
    ys = _snap(CENTRES[:, None] - x * np.sin(angle) + y * np.cos(angle))  # (posY, V)
    rows = _fill(xs, ys)
    return rows.astype(">u8").reshape(POSITIONS * POSITIONS, SIDE).view(np.uint8)


def _snap(coordinates: Doubles) -> Ints:
    return np.rint(coordinates * SUBPIXELS).astype(np.int64)


def _fill(xs: Ints, ys: Ints) -> NDArray[np.uint64]:
    """Fill the polygon at every position: ``(posX, posY, 64)``, one 64-bit word per row of pixels.

    ``xs, ys (32, V)`` are the vertices in sub-pixels. Each edge flips, in every row whose centre
    line it crosses, all pixels from the crossing to the right; what was flipped an odd number of
    times is inside. Ties follow the top-left rule of a frame buffer whose y axis points up: a
    centre exactly on a left or a lower edge is in, on a right or an upper edge it is out.
    """
    ys_next, xs_next = np.roll(ys, -1, axis=1), np.roll(xs, -1, axis=1)
    half = SUBPIXELS // 2
    first = (np.minimum(ys, ys_next) + half) // SUBPIXELS  # (posY, V): first row centre below the top end
    last = (np.maximum(ys, ys_next) - half) // SUBPIXELS  # last row centre not below the bottom end
    counts = np.maximum(last - first + 1, 0).ravel()
    crossing = np.repeat(np.arange(counts.size), counts)  # one entry per (posY, edge, row)
    row = first.ravel()[crossing] + np.arange(crossing.size) - np.repeat(np.cumsum(counts) - counts, counts)
    pos_y, edge = np.divmod(crossing, ys.shape[1])

    line = pos_y * SIDE + row
    order = np.argsort(line, kind="stable")
    line, row, pos_y, edge = line[order], row[order], pos_y[order], edge[order]

    top, bottom = ys[pos_y, edge], ys_next[pos_y, edge]
    rise = bottom - top
    sign = np.sign(rise)
    along = (row * SUBPIXELS + half - top) * sign  # so that the divisor below is positive
    rise = rise * sign
    start, run = xs[:, edge], (xs_next - xs)[:, edge]  # (posX, crossings)
    # First pixel whose centre is at or right of the crossing: the ceiling of (crossing - half) / 256.
    pixel = -((-((start - half) * rise + along * run)) // (rise * SUBPIXELS))

    lines, begins = np.unique(line, return_index=True)
    filled = np.zeros((POSITIONS, POSITIONS * SIDE), np.uint64)
    filled[:, lines] = np.bitwise_xor.reduceat(_TAILS[pixel], begins, axis=1)
    return filled.reshape(POSITIONS, POSITIONS, SIDE)

"""A rasteriser: which triangle is in front at each of eight samples a pixel, and how bright it is there.

Samples lie as those of 8-fold multisampling on a GPU do: no two of a pixel share a row or a column. So a
pixel has eight rows with one sample each, and a triangle is filled row by row: two of its edges bound a span
of samples in each. Positions of vertices are rounded to 1/256 pixel; two triangles that share an edge compute
the same bound from it, so that between them no sample is left out or hit twice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Ints

Singles = NDArray[np.float32]
Samples = NDArray[np.int32]

SUBPIXELS = 256
SAMPLES = 8
SHADE_BITS = 11
SHADES = (1 << SHADE_BITS) - 1
"""The largest shade; 0 is where nothing is."""
NEARNESS = 1 << (31 - SHADE_BITS)
"""Above all numbers that say how near something is."""

_ROW = SUBPIXELS // SAMPLES
# in 1/16 pixel from the left, for the rows of a pixel from the top
_OFFSETS = (np.array([15, 5, 9, 1, 13, 7, 3, 11]) * (SUBPIXELS // 16)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Projected:
    """Vertices of a mesh in ``n`` pictures, each ``(n, V)``.

    ``x`` and ``y`` in 1/256 pixel, right and down, whole numbers, inside the picture; ``near`` 0 to
    :data:`NEARNESS`, linear on the screen; ``shade`` 1 to :data:`SHADES`.
    """

    x: Singles
    y: Singles
    near: Singles
    shade: Singles


def rasterised(points: Projected, triangles: Ints, two_sided: NDArray[np.bool_], side: int) -> Samples:
    """The shades of ``n`` square pictures of ``side`` pixels, ``(8, n * side * side)``; 0: nothing is there.

    ``triangles (T, 3)`` that are clockwise on the screen (whose y points down: they are counter-clockwise as
    seen) are drawn, the others only where ``two_sided (T,)``.
    """
    count = len(points.x)
    faces = _faces(points, triangles, two_sided)
    buffer = np.zeros(SAMPLES * count * side * side, np.int32)
    spans = _spans(faces, count, side)
    done = 0
    while len(spans.place):
        # one sample of each span at a time: most have one or two
        keys = (spans.near.astype(np.int32) << SHADE_BITS) | np.clip(spans.shade, 1, SHADES).astype(np.int32)
        np.maximum.at(buffer, spans.place, keys)
        done += 1
        spans = spans.advanced(np.flatnonzero(spans.length > done))
    return buffer.reshape(SAMPLES, -1) & SHADES


@dataclass(frozen=True, eq=False)
class _Faces:
    """What is seen of the triangles: corners from the top down ``(3, m)``, planes, the picture.

    A plane is three arrays ``(m,)``: the value where x and y are 0, and how it grows with x and with y.
    """

    x: Singles
    y: Singles
    near: list[Singles]
    shade: list[Singles]
    picture: Ints


def _faces(points: Projected, triangles: Ints, two_sided: NDArray[np.bool_]) -> _Faces:
    a, b, c = triangles.T
    x, y = points.x, points.y
    area = (x[:, b] - x[:, a]) * (y[:, c] - y[:, a]) - (y[:, b] - y[:, a]) * (x[:, c] - x[:, a])
    seen = np.flatnonzero((area < 0) | (two_sided & (area > 0)))
    picture, triangle = np.divmod(seen, len(triangles))
    start = picture * x.shape[1]
    corners = [
        [values.reshape(-1).take(corner[triangle] + start) for values in (x, y, points.near, points.shade)]
        for corner in (a, b, c)
    ]
    first = corners[0]
    by, cy = ([end - begin for begin, end in zip(first, other, strict=True)] for other in corners[1:])
    scale = np.float32(1) / area.reshape(-1)[seen]
    planes = []
    for k in (2, 3):
        along_x = (by[k] * cy[1] - cy[k] * by[1]) * scale
        along_y = (by[0] * cy[k] - cy[0] * by[k]) * scale
        planes.append([first[k] - first[0] * along_x - first[1] * along_y, along_x, along_y])
    ends = [(corner[0], corner[1]) for corner in corners]
    for upper, lower in ((0, 1), (1, 2), (0, 1)):
        ends[upper], ends[lower] = _ordered(ends[upper], ends[lower])
    near, shade = planes
    return _Faces(np.stack([x for x, _ in ends]), np.stack([y for _, y in ends]), near, shade, picture)


def _ordered(
    p: tuple[Singles, Singles], q: tuple[Singles, Singles]
) -> tuple[tuple[Singles, Singles], tuple[Singles, Singles]]:
    """The upper of two points, then the lower."""
    swap = p[1] > q[1]
    return (
        (np.where(swap, q[0], p[0]), np.minimum(p[1], q[1])),
        (np.where(swap, p[0], q[0]), np.maximum(p[1], q[1])),
    )


@dataclass(frozen=True, eq=False)
class _Spans:
    """Runs of samples of one row: how many in all, and of the next one where it is and what is there."""

    length: Singles
    place: Ints
    near: Singles
    shade: Singles
    near_step: Singles
    shade_step: Singles

    def advanced(self, which: Ints) -> "_Spans":
        """The spans ``which``, at their next sample."""
        near_step, shade_step = self.near_step[which], self.shade_step[which]
        return _Spans(
            self.length[which],
            self.place[which] + 1,
            self.near[which] + near_step,
            self.shade[which] + shade_step,
            near_step,
            shade_step,
        )


def _spans(faces: _Faces, count: int, side: int) -> _Spans:
    (x0, x1, x2), (y0, y1, y2) = faces.x, faces.y
    rows = np.ceil((faces.y - np.float32(_ROW / 2)) * np.float32(1 / _ROW)).astype(np.int64)
    first, heights = rows[:2].reshape(-1), (rows[1:] - rows[:2]).reshape(-1)

    def each(upper: Singles, lower: Singles) -> Singles:
        """For every row of the upper parts of triangles, then of their lower parts."""
        return np.repeat(np.concatenate([upper, lower]), heights)

    row = np.arange(heights.sum()) + np.repeat(first - (np.cumsum(heights) - heights), heights)
    y = row.astype(np.float32) * np.float32(_ROW) + np.float32(_ROW / 2)
    sample = row & (SAMPLES - 1)
    offset = _OFFSETS[sample]
    # a part lies between the long edge of its triangle and a short one
    long, above, below = _slope(x0, y0, x2, y2), _slope(x0, y0, x1, y1), _slope(x1, y1, x2, y2)
    one = each(x0, x0) + (y - each(y0, y0)) * each(long, long) - offset
    other = each(x0, x1) + (y - each(y0, y1)) * each(above, below) - offset
    begin = np.ceil(np.minimum(one, other) * np.float32(1 / SUBPIXELS))
    length = np.ceil(np.maximum(one, other) * np.float32(1 / SUBPIXELS)) - begin
    filled = np.flatnonzero(length > 0)
    faces_of = np.arange(len(x0))
    face = np.repeat(np.concatenate([faces_of, faces_of]), heights)[filled]
    row, y, sample, begin = row[filled], y[filled], sample[filled], begin[filled]
    x = begin * np.float32(SUBPIXELS) + offset[filled]
    (near, near_x, near_y), (shade, shade_x, shade_y) = (
        [values[face] for values in plane] for plane in (faces.near, faces.shade)
    )
    pixel = (faces.picture[face] * side + (row >> (SAMPLES.bit_length() - 1))) * side + begin.astype(np.int64)
    return _Spans(
        length[filled],
        sample * (count * side * side) + pixel,
        near + x * near_x + y * near_y,
        shade + x * shade_x + y * shade_y,
        near_x * np.float32(SUBPIXELS),
        shade_x * np.float32(SUBPIXELS),
    )


def _slope(x0: Singles, y0: Singles, x1: Singles, y1: Singles) -> Singles:
    """Of an edge from its upper to its lower end; of one along a row, which no row crosses, any number."""
    return np.asarray((x1 - x0) / np.maximum(y1 - y0, np.float32(1)))

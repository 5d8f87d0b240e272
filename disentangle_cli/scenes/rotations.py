"""Rotations as matrices ``(n, 3, 3)``, and directions.

Sines and cosines are those of the C library: numpy's depend on the processor, in their last digit.
"""

import math

import numpy as np

from disentangle_cli.arraytypes import Doubles


def cosines(angles: Doubles) -> tuple[Doubles, Doubles]:
    """Cosines and sines of ``angles (n,)``, in radians."""
    listed = angles.tolist()
    return np.array([math.cos(a) for a in listed]), np.array([math.sin(a) for a in listed])


def about_x(angles: Doubles) -> Doubles:
    """Counter-clockwise about x: of columns, ``m @ v``."""
    cos, sin = cosines(angles)
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    return _matrix([one, zero, zero], [zero, cos, -sin], [zero, sin, cos])


def about_z(angles: Doubles) -> Doubles:
    """Counter-clockwise about z: of columns, ``m @ v``."""
    cos, sin = cosines(angles)
    zero, one = np.zeros_like(cos), np.ones_like(cos)
    return _matrix([cos, -sin, zero], [sin, cos, zero], [zero, zero, one])


def product(first: Doubles, second: Doubles) -> Doubles:
    """``first @ second`` of matrices ``(n, 3, 3)``, added up in the same order everywhere."""
    parts = [first[:, :, k, None] * second[:, k, None, :] for k in range(3)]
    return np.asarray(parts[0] + parts[1] + parts[2])


def direction(azimuths: Doubles, polar: Doubles) -> Doubles:
    """``(sin a sin p, -cos a sin p, cos p)``, ``(n, 3)``: up at polar angle 0."""
    (cos_a, sin_a), (cos_p, sin_p) = cosines(azimuths), cosines(polar)
    return np.stack([sin_a * sin_p, -cos_a * sin_p, cos_p], axis=1)


def _matrix(*rows: list[Doubles]) -> Doubles:
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)

"""A square room with one object in it, seen by rays: how much of each pixel is floor, wall, object and sky.

The camera goes around the object, and the light with it. Lengths are in half widths of the room; x points
right, y ahead, z up, and the object stands at the origin.
"""

import functools
from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Bools, Doubles, Ints
from disentangle_cli.scenes.rotations import cosines

SIDE = 64
SHAPES = ("cube", "cylinder", "sphere", "capsule")
WHOLE = 4096
"""The weight of a surface that fills a pixel and has its own colour; brighter ones have more."""

_FOCAL = 68.0  # pixels
_DISTANCE, _HEIGHT = 0.9, 0.25  # of the camera
_WALL = 0.66  # height of the walls
_ACROSS = 3
"""Samples along a side of a pixel."""

_LIGHT = np.array([-0.55, -0.6, 0.58])  # towards it; of length 1 to a percent
_SHADOW = np.array([0.38, -0.06])  # how far the shadow of what is at height 1 lies from its foot


@dataclass(frozen=True, eq=False)
class Weights:
    """What each pixel shows, times :data:`WHOLE`: ``(64, 64)`` each, and in arrays of many ``(n, 64, 64)``.

    A pixel is the sum of colours (0 to 255) times weights: the floor's, the wall's, the object's, the sky's,
    and white, the gloss of the object.
    """

    floor: Ints
    wall: Ints
    object: Ints
    sky: Ints
    gloss: Ints


@dataclass(frozen=True, eq=False)
class _Hit:
    """Rays and an object: which meet it, their ``normals (3, rays)``, which the floor in its shadow."""

    there: Bools
    normals: Doubles
    shadow: Bools


def weights(shape: int, scale: float, orientation: float) -> Weights:
    """Of shape 0 to 3 of :data:`SHAPES`; 1 is the usual ``scale``; ``orientation`` in radians."""
    # only a cube looks different from another side
    hit = _object(shape, scale, orientation if shape == 0 else 0.0)
    floor, wall, sky = _room(orientation)
    x, y, z = hit.normals
    towards = np.maximum(x * _LIGHT[0] + y * _LIGHT[1] + z * _LIGHT[2], 0.0)
    gloss = np.maximum((towards - 0.75) / 0.25, 0.0) * 0.15
    free = ~hit.there
    return Weights(
        floor=_averaged(np.where(free, floor * np.where(hit.shadow, 0.35, 1.0), 0.0)),
        wall=_averaged(np.where(free, wall, 0.0)),
        object=_averaged(np.where(free, 0.0, 0.64 + 0.46 * towards)),
        sky=_averaged(np.where(free, sky, 0.0)),
        gloss=_averaged(np.where(free, 0.0, gloss)),
    )


def _averaged(samples: Doubles) -> Ints:
    """The means of the pixels' samples, ``(64, 64)``."""
    parts = samples.reshape(SIDE, _ACROSS, SIDE, _ACROSS)
    total = np.zeros((SIDE, SIDE))
    for row in range(_ACROSS):
        for column in range(_ACROSS):
            total += parts[:, row, :, column]
    return np.rint(total * (WHOLE / _ACROSS**2)).astype(np.int64)


@functools.cache
def _rays() -> tuple[Doubles, Doubles]:
    """How far rays go right and up for each step ahead, ``(rays,)``, row by row."""
    at = ((np.arange(SIDE * _ACROSS) + 0.5) / _ACROSS - SIDE / 2) / _FOCAL
    right, down = np.meshgrid(at, at)
    return right.reshape(-1), -down.reshape(-1)


@functools.lru_cache(maxsize=16)
def _room(orientation: float) -> tuple[Doubles, Doubles, Doubles]:
    """How bright floor, wall and sky are along each ray; 0 where they are not."""
    right, up = _rays()
    (cos,), (sin,) = cosines(np.array([orientation]))
    # along the walls' own axes: how fast a ray goes, and where it begins
    fast = cos * right + sin, cos - sin * right
    begin = -_DISTANCE * sin, -_DISTANCE * cos
    with np.errstate(divide="ignore"):
        far = [np.where(v == 0, np.inf, (np.sign(v) - o) / v) for v, o in zip(fast, begin, strict=True)]
    ahead = np.minimum(*far)  # to the wall
    height = _HEIGHT + ahead * up
    # of the wall's normal that points into the room, the part that points to the camera
    facing = np.where(far[0] < far[1], np.sign(fast[0]) * sin, np.sign(fast[1]) * cos)
    wall = np.minimum(0.43 + 0.6 * np.maximum(facing, 0.0), 1.0)
    on_floor = height < 0
    with np.errstate(divide="ignore"):
        aside = right * np.where(on_floor, -_HEIGHT / up, 0.0)
    floor = np.clip(1.05 - 0.5 * aside, 0.45, 1.2)
    in_sky = height > _WALL
    return (
        np.where(on_floor, floor, 0.0),
        np.where(on_floor | in_sky, 0.0, wall),
        np.where(in_sky, 1.0, 0.0),
    )


@functools.lru_cache(maxsize=16)
def _object(shape: int, scale: float, orientation: float) -> _Hit:
    right, up = _rays()
    with np.errstate(divide="ignore"):
        down = np.where(up < 0, -_HEIGHT / up, 0.0)
    x, y = right * down, down - _DISTANCE  # where the ray meets the floor
    if shape == 0:
        return _cube(right, up, x, y, 0.115 * scale, orientation)
    if shape == 1:
        return _round(right, up, x, y, 0.13 * scale, 0.32 * scale, capped=False)
    if shape == 2:
        return _round(right, up, x, y, 0.14 * scale, 0.28 * scale, capped=True)
    return _round(right, up, x, y, 0.105 * scale, 0.44 * scale, capped=True)


def _cube(right: Doubles, up: Doubles, x: Doubles, y: Doubles, half: float, turn: float) -> _Hit:
    (cos,), (sin,) = cosines(np.array([turn]))
    fast = [cos * right + sin, cos - sin * right, up]
    begin = [-_DISTANCE * sin, -_DISTANCE * cos, _HEIGHT - half]
    with np.errstate(divide="ignore"):
        enter = [(-np.sign(v) * half - o) / v for v, o in zip(fast, begin, strict=True)]
        leave = [(np.sign(v) * half - o) / v for v, o in zip(fast, begin, strict=True)]
    first = np.maximum(np.maximum(enter[0], enter[1]), enter[2])
    there = first < np.minimum(np.minimum(leave[0], leave[1]), leave[2])
    u, v, w = (np.where(near == first, -np.sign(f), 0.0) for near, f in zip(enter, fast, strict=True))
    normals = np.stack([cos * u - sin * v, sin * u + cos * v, w])
    # the shadow is what the cube sweeps over while it sinks into the floor along the light
    steps = np.linspace(0.0, 2 * half, 24)
    shadow = np.zeros(len(x), bool)
    for height in steps:
        a, b = x - height * _SHADOW[0], y - height * _SHADOW[1]
        shadow |= (np.abs(cos * a + sin * b) < half) & (np.abs(cos * b - sin * a) < half)
    return _Hit(there, normals, shadow)


def _round(
    right: Doubles, up: Doubles, x: Doubles, y: Doubles, radius: float, height: float, *, capped: bool
) -> _Hit:
    """An upright cylinder; ``capped``: with half a ball at either end, which may be all of it."""
    low, high = (radius, height - radius) if capped else (0.0, height)
    parts = [_side(right, up, radius, low, high)]
    parts += (
        [_ball(right, up, radius, low), _ball(right, up, radius, high)]
        if capped
        else [_lid(right, up, radius, high)]
    )
    nearest = np.minimum.reduce([depth for depth, _ in parts])
    normals = np.zeros((3, len(right)))
    for depth, normal in parts:
        normals = np.where((depth == nearest) & np.isfinite(depth), normal, normals)
    shadow = np.zeros(len(x), bool)
    for level in np.linspace(low, high, 12):
        shadow |= (x - level * _SHADOW[0]) ** 2 + (y - level * _SHADOW[1]) ** 2 < radius**2
    return _Hit(np.isfinite(nearest), normals, shadow)


def _side(right: Doubles, up: Doubles, radius: float, low: float, high: float) -> tuple[Doubles, Doubles]:
    """Depth (infinite where it is missed) and normals of a cylinder without its ends."""
    square = right * right + 1.0
    depth = _entry(square, _DISTANCE, np.full_like(right, _DISTANCE**2 - radius**2))
    z = _HEIGHT + depth * up
    depth = np.where((z > low) & (z < high), depth, np.inf)
    along = np.where(np.isfinite(depth), depth, 0.0)
    return depth, np.stack([along * right, along - _DISTANCE, np.zeros_like(right)]) / radius


def _ball(right: Doubles, up: Doubles, radius: float, middle: float) -> tuple[Doubles, Doubles]:
    """Depth and normals of a ball at that height."""
    above = _HEIGHT - middle
    square = right * right + 1.0 + up * up
    depth = _entry(square, _DISTANCE - above * up, np.full_like(right, _DISTANCE**2 + above**2 - radius**2))
    along = np.where(np.isfinite(depth), depth, 0.0)
    return depth, np.stack([along * right, along - _DISTANCE, above + along * up]) / radius


def _lid(right: Doubles, up: Doubles, radius: float, height: float) -> tuple[Doubles, Doubles]:
    """Depth and normals of a disc at that height."""
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.where(up == 0, np.inf, (height - _HEIGHT) / up)
        inside = (depth > 0) & ((depth * right) ** 2 + (depth - _DISTANCE) ** 2 < radius**2)
    normals = np.zeros((3, len(right)))
    normals[2] = 1.0
    return np.where(inside, depth, np.inf), normals


def _entry(square: Doubles, half: Doubles | float, rest: Doubles) -> Doubles:
    """The smaller root of ``square t^2 - 2 half t + rest = 0``; infinite where there is none."""
    inner = half * half - square * rest
    return np.where(inner > 0, (half - np.sqrt(np.maximum(inner, 0.0))) / square, np.inf)

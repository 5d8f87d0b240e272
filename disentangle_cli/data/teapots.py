"""3D Teapots: the latents of the three variants, in the order in which they were drawn, and their pictures.

After the scripts of Lin et al. (2020), which go back to Eastwood and Williams (2018) and used a
renderer and a teapot of others: same factors, camera, light and stream of random numbers, another pot.
"""

import math

import numpy as np

from disentangle_cli.arraytypes import Bytes, Doubles
from disentangle_cli.data.sampled import Scene
from disentangle_cli.scenes.rotations import about_x, about_z, direction, product
from disentangle_cli.scenes.shaded import Camera, Lambert, pictures
from disentangle_cli.scenes.teapot import teapot

CAMERA = Camera(side=64, focal=105.0, distance=0.5, radius=0.1416)
"""The ball around the pot stays a pixel away from the border."""
LIGHT = Lambert(diffuse=0.9, ambient=0.5)
BLUE = (0.3, 0.5, 0.9)
SHAPE = (3, 64, 64)
COUNT = 200_000
SEED = 1


def _draw_colours(rng: np.random.RandomState, n: int) -> Doubles:
    azimuths, elevations = rng.uniform(0, 2 * math.pi, n), rng.uniform(0, math.pi / 2, n)
    return np.column_stack([azimuths, elevations, rng.uniform(0, 1, (n, 3))])


def _draw_rotations(rng: np.random.RandomState, n: int) -> Doubles:
    return np.column_stack([rng.uniform(0, 2 * math.pi, n), *_draw_direction(rng, n)])


def _draw_lights(rng: np.random.RandomState, n: int) -> Doubles:
    rotations = _draw_rotations(rng, n)
    polar, azimuths = _draw_direction(rng, n)
    return np.column_stack([rotations, azimuths, polar])


def _draw_direction(rng: np.random.RandomState, n: int) -> tuple[Doubles, Doubles]:
    """Polar angles 0 to pi and azimuths 0 to 2 pi of ``n`` directions, all equally likely."""
    points = rng.normal(size=(n, 3)).tolist()
    polar = np.array([math.atan2(math.hypot(x, y), z) for x, y, z in points])
    azimuths = np.array([math.atan2(x, y) for x, y, _ in points])
    return polar, np.where(azimuths < 0, azimuths + 2 * math.pi, azimuths)


def _coloured_pots(latents: Doubles) -> Bytes:
    azimuths, elevations, colours = latents[:, 0], latents[:, 1], latents[:, 2:]
    return _pots(about_z(azimuths), elevations, _above(latents), colours)


def _turned_pots(latents: Doubles) -> Bytes:
    return _blue_pots(latents, _above(latents))


def _lit_pots(latents: Doubles) -> Bytes:
    return _blue_pots(latents, direction(latents[:, 3], latents[:, 4]))


def _blue_pots(latents: Doubles, suns: Doubles) -> Bytes:
    gamma, beta, alpha = latents[:, :3].T
    turns = product(product(about_z(gamma), about_x(-beta)), about_z(alpha))
    return _pots(turns, np.zeros(len(latents)), suns, np.tile(BLUE, (len(latents), 1)))


def _above(latents: Doubles) -> Doubles:
    return np.tile([0.0, 0.0, 1.0], (len(latents), 1))


def _pots(turns: Doubles, elevations: Doubles, suns: Doubles, colours: Doubles) -> Bytes:
    """Pots turned by ``turns (n, 3, 3)``, of rows, ``v @ m``; the camera looks along y, from above."""
    ahead = about_x(math.pi / 2 + elevations)  # y ahead, z up: x right, y down, z ahead
    views = product(ahead, turns.transpose(0, 2, 1))
    x, y, z = suns.T[:, :, None]
    turned = turns[:, :, 0] * x + turns[:, :, 1] * y + turns[:, :, 2] * z
    return pictures(teapot(), CAMERA, LIGHT, views, turned, colours)


_TURN = (0, 2 * math.pi)
_ROTATION = {"gamma": _TURN, "beta": (0, math.pi), "alpha": _TURN}

COLOURS = Scene(
    {"azimuth": _TURN, "elevation": (0, math.pi / 2), "red": (0, 1), "green": (0, 1), "blue": (0, 1)},
    _draw_colours,
    _coloured_pots,
)
ROTATIONS = Scene(_ROTATION, _draw_rotations, _turned_pots)
LIGHTS = Scene(
    {**_ROTATION, "light_azimuth": _TURN, "light_elevation": (0, math.pi)}, _draw_lights, _lit_pots
)

"""Newell's teapot as a mesh.

Martin Newell's 32 patches (1975) are in ``newell.json``: 290 control points and 16 numbers of points a
patch, in the order rim 4, body 8, handle 4, spout 4, lid 8, bottom 4; z points up, the spout along x.
"""

import functools
import json
from importlib import resources

import numpy as np

from disentangle_cli.scenes.mesh import Mesh, Patch, mesh_of

_SQUASH = 1.3
"""The numbers are Blinn's, whose teapot is less high than Newell's by this factor."""
_LID = 1.077
"""The lid is too small for the rim: this is how much wider it has to be to close the pot."""
_CENTRE = np.array([0.2289, 0.0, 2.6362])
_RADIUS = 3.2526
"""Of the smallest ball around the pot, before it is scaled."""

_CUTS = {"rim": (3, 6), "body": (5, 6), "handle": (6, 4), "spout": (6, 5), "lid": (5, 6), "bottom": (3, 6)}
"""Fine enough for 64 pixels: no edge of the outline is off by more than 0.15 pixels."""
_PATCHES = ["rim"] * 4 + ["body"] * 8 + ["handle"] * 4 + ["spout"] * 4 + ["lid"] * 8 + ["bottom"] * 4


@functools.cache
def teapot() -> Mesh:
    """The pot in Newell's proportions, in the unit ball around the origin; z up, the spout along x."""
    numbers = json.loads(resources.files(__package__).joinpath("newell.json").read_text(encoding="utf-8"))
    control = np.array(numbers["vertices"])[np.array(numbers["patches"])].reshape(-1, 4, 4, 3)
    control[..., 2] *= _SQUASH
    control[[part == "lid" for part in _PATCHES], ..., :2] *= _LID
    control = (control - _CENTRE) / _RADIUS
    return mesh_of(
        Patch(
            points,
            _CUTS[part],
            pole=(0.0, 0.0, -1.0 if part == "bottom" else 1.0),
            two_sided=part == "spout",  # one looks into its open tip
        )
        for points, part in zip(control, _PATCHES, strict=True)
    )

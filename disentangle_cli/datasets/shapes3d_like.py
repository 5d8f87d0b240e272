"""A look-alike of 3D Shapes: 480,000 images of a room with an object, made on the spot."""

import colorsys
import functools
import math

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data.dataset import DATASETS, Factor
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.scenes import room

HUES = tuple(k / 10 for k in range(10))
SCALES = tuple(float(v) for v in np.linspace(0.75, 1.25, 8))
ORIENTATIONS = tuple(float(v) for v in np.linspace(-30, 30, 15))  # degrees
COLOURS = np.rint([[255 * part for part in colorsys.hsv_to_rgb(hue, 1, 1)] for hue in HUES]).astype(np.int32)
SKY = np.array([154, 226, 250], np.int32)


@DATASETS.register("shapes3d-like")
class Shapes3dLike(GridDataset):
    """Factors, values and order of 3D Shapes (Burgess and Kim, 2018), but drawn anew: a look-alike, no copy.

    Do not compare its numbers with those of the original, whose file ``3dshapes.h5`` dcr reads by its path.
    """

    name = "shapes3d-like"
    fingerprint = "sha256:061bfb29e542a2d79c31a4e1a196ec35cc629d9b806cafb865f905e6d2b54f38"
    image_shape = (3, room.SIDE, room.SIDE)
    factors = (
        Factor("floor_hue", 10, HUES, continuous=True),
        Factor("wall_hue", 10, HUES, continuous=True),
        Factor("object_hue", 10, HUES, continuous=True),
        Factor("scale", 8, SCALES, continuous=True),
        Factor("shape", 4, (0.0, 1.0, 2.0, 3.0), continuous=False),  # cube, cylinder, sphere, capsule
        Factor("orientation", 15, ORIENTATIONS, continuous=True),
    )

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, 3, 64, 64)``."""
        floor, wall, thing, *geometry = self.classes(indices).T
        places = np.ravel_multi_index(tuple(geometry), self.sizes[3:])
        found = np.empty((len(places), *self.image_shape), np.uint8)
        for row, place in enumerate(places.tolist()):
            parts = _weights(place)  # (5, 64, 64)
            colours = (
                COLOURS[floor[row]],
                COLOURS[wall[row]],
                COLOURS[thing[row]],
                SKY,
                np.full(3, 255, np.int32),
            )
            total = sum(colour[:, None, None] * part for colour, part in zip(colours, parts, strict=True))
            found[row] = np.minimum((total + room.WHOLE // 2) // room.WHOLE, 255)
        return found


@functools.cache
def _weights(place: int) -> NDArray[np.int32]:
    """Of floor, wall, object, sky and gloss in the images of one scale, shape and orientation."""
    scale, shape, orientation = np.unravel_index(place, (len(SCALES), len(room.SHAPES), len(ORIENTATIONS)))
    found = room.weights(int(shape), SCALES[scale], math.radians(ORIENTATIONS[orientation]))
    return np.stack([found.floor, found.wall, found.object, found.sky, found.gloss]).astype(np.int32)

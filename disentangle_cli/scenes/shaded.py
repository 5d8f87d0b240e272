"""Pictures of one mesh in many poses: perspective, light, colour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bytes, Doubles
from disentangle_cli.scenes.mesh import Mesh
from disentangle_cli.scenes.zbuffer import NEARNESS, SHADES, SUBPIXELS, Projected, Samples, rasterised

_BATCH = 4
"""Pictures drawn at once: so many fit into the cache of a core."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at the origin, about which the mesh fills a ball.

    ``side`` and ``focal`` length in pixels, ``distance`` and the ``radius`` of the ball in metres.
    """

    side: int
    focal: float
    distance: float
    radius: float


@dataclass(frozen=True)
class Lambert:
    """Light from one direction and from everywhere, computed at vertices (Gouraud, 1971): their weights."""

    diffuse: float
    ambient: float

    @property
    def brightest(self) -> float:
        """Times the colour; the picture stops at white."""
        return self.diffuse + self.ambient


def pictures(
    mesh: Mesh, camera: Camera, light: Lambert, views: Doubles, suns: Doubles, colours: Doubles
) -> Bytes:
    """The mesh on white, ``(n, 3, side, side)``.

    Args:
        mesh: in the unit ball.
        camera: where it is seen from.
        light: how bright it is.
        views: ``(n, 3, 3)``, from axes of the mesh to those of the camera: right, down, ahead.
        suns: ``(n, 3)``, where light comes from in axes of the mesh, of length 1.
        colours: ``(n, 3)``, 0 to 1.
    """
    drawn = np.empty((len(views), 3, camera.side, camera.side), np.uint8)
    for start in range(0, len(views), _BATCH):
        part = slice(start, start + _BATCH)
        pose = views[part].astype(np.float32), suns[part].astype(np.float32)
        points = _projected(mesh, camera, light, *pose)
        samples = rasterised(points, mesh.triangles, mesh.two_sided, camera.side)
        drawn[part] = _coloured(samples, light, colours[part].astype(np.float32), camera.side)
    return drawn


def _projected(
    mesh: Mesh, camera: Camera, light: Lambert, views: NDArray[np.float32], suns: NDArray[np.float32]
) -> Projected:
    x, y, z = mesh.vertices.T * np.float32(camera.radius)
    right, down, ahead = (
        x * axis[:, 0, None] + y * axis[:, 1, None] + z * axis[:, 2, None]
        for axis in np.moveaxis(views, 1, 0)
    )
    scale = np.float32(1) / (ahead + np.float32(camera.distance))
    middle, focal = np.float32(camera.side / 2), np.float32(camera.focal)
    far, near = 1 / (camera.distance + camera.radius), 1 / (camera.distance - camera.radius)
    x, y, z = mesh.normals.T
    towards = np.maximum(x * suns[:, 0, None] + y * suns[:, 1, None] + z * suns[:, 2, None], np.float32(0))
    brightness = towards * np.float32(light.diffuse) + np.float32(light.ambient)
    return Projected(
        np.rint((right * scale * focal + middle) * np.float32(SUBPIXELS)),
        np.rint((down * scale * focal + middle) * np.float32(SUBPIXELS)),
        (scale - np.float32(far)) * np.float32(0.99 * NEARNESS / (near - far)),
        brightness * np.float32(SHADES / light.brightest),
    )


def _coloured(samples: Samples, light: Lambert, colours: NDArray[np.float32], side: int) -> Bytes:
    """The mean of each pixel's samples, which are white where nothing is and nowhere brighter."""
    drawn = np.full((len(colours), 3, side * side), 255, np.uint8)
    touched = np.flatnonzero(np.maximum.reduce(samples))
    picture, pixel = np.divmod(touched, side * side)
    shades = samples[:, touched].astype(np.float32)
    shades[shades == 0] = np.inf
    for channel in range(3):
        unit = colours[picture, channel] * np.float32(light.brightest / SHADES) + np.float32(1e-30)
        total = np.zeros(len(touched), np.float32)
        for sample in shades:
            total += np.minimum(sample * unit, np.float32(1))
        drawn[picture, channel, pixel] = np.rint(total * np.float32(255 / len(shades)))
    return drawn.reshape(-1, 3, side, side)

"""The files of 3D Teapots: of Eastwood and Williams (2018), and of the scripts of Lin et al. (2020).

Homes: https://github.com/cianeastwood/qedr and https://github.com/fjxmlzn/InfoGAN-CR.
"""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.labels import Labels, labels_of_points
from disentangle_cli.data.sampled import Scene
from disentangle_cli.data.teapots import COLOURS, LIGHTS, ROTATIONS
from disentangle_cli.errors import UsageError

LATENTS = (("images", "gts"), ("imgs", "latents"))
"""Names of the images and of their latents, in the earlier and in the later files."""
_SLACK = 1e-3  # for what was stored as float32 or rounded


@FORMATS.register("teapots")
def teapots(given: Given) -> Match | None:
    """Colour images of 64x64 pixels and, for each, the latents of one of the three variants, real numbers."""
    file = given.arrays
    if file is None:
        return None
    if {"imgs", "labels"} <= set(file.names) and len(file.header("imgs").shape) == 5:
        raise UsageError(
            f"{given.path}: imgs holds groups of images, as for the metrics of 3D Teapots; "
            "give the file of the training images"
        )
    names = next((pair for pair in LATENTS if set(pair) <= set(file.names)), None)
    if names is None:
        return None
    (images, latents), header = (file.header(name).shape for name in names), file.header(names[1])
    if images[1:] != (64, 64, 3) or len(latents) != 2 or header.dtype.kind != "f":
        return None
    if latents[0] != images[0] or not np.isfinite(points := file.read(names[1]).astype(np.float64)).all():
        return None
    scene = next((scene for scene in (COLOURS, ROTATIONS, LIGHTS) if _fits(scene, points)), None)
    if scene is None:
        return None

    def read(*_: object) -> Labels:
        return labels_of_points(tuple(scene.factors), points)

    return Match(f"3D Teapots ({file.kind})", lambda: ArrayDataset(file, read))


def _fits(scene: Scene, points: Doubles) -> bool:
    """Whether ``points (N, F)`` may be latents of a variant: the first that fits is the narrowest."""
    low, high = np.array(list(scene.factors.values())).T
    return points.shape[1] == len(low) and bool(((points >= low - _SLACK) & (points <= high + _SLACK)).all())

"""What dSprites is: its factors, the layout of its images and their digest, and the images themselves."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data import dsprites_render as render
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.packed_cache import cached
from disentangle_cli.data.pixels import Layout, Pixels, Source
from disentangle_cli.errors import RunError

NAME = "dsprites"
FINGERPRINT = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
"""SHA-256 of all images in order, bit-packed."""
KEY = f"sha256:{FINGERPRINT}"

_POSITION = tuple(float(v) for v in np.linspace(0.0, 1.0, render.POSITIONS))
FACTORS = (
    Factor("shape", 3, (1.0, 2.0, 3.0), continuous=False),  # square, ellipse, heart
    Factor("scale", 6, render.SCALES, continuous=True),
    Factor("orientation", 40, tuple(float(v) for v in render.ORIENTATIONS), continuous=True),  # radians
    Factor("posX", render.POSITIONS, _POSITION, continuous=True),
    Factor("posY", render.POSITIONS, _POSITION, continuous=True),
)
LAYOUT = Layout(737_280, (1, render.SIDE, render.SIDE), packed=True)


def rendered() -> Pixels:
    """The images ``(737280, 512)``, bit-packed, from the cache folder; drawn if they are not there.

    Raises:
        RunError: the cache cannot be written and there is no memory, or this machine draws other images
            than the fingerprint stands for.
    """
    pixels = cached(NAME, KEY, lambda: Source(LAYOUT, _blocks()), "rendered dSprites")
    if pixels.digest != FINGERPRINT:
        raise RunError(
            "this machine renders other pixels than dSprites has; "
            "give the path of the original npz file as the data set instead"
        )
    return pixels


def _blocks() -> Iterator[Bytes]:
    for pose in product(*(range(factor.size) for factor in FACTORS[:3])):
        yield render.render_pose(*pose)

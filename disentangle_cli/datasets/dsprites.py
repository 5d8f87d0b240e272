"""dSprites: 737,280 black and white images of three shapes, rendered, not downloaded."""

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.data import dsprites_render as render
from disentangle_cli.data.dataset import DATASETS, Factor, IntArray
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.data.packed_cache import cached, is_cached
from disentangle_cli.data.pixels import Layout, Pixels, Source
from disentangle_cli.errors import RunError

FINGERPRINT = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
"""SHA-256 of all images in order, bit-packed."""

_POSITION = tuple(float(v) for v in np.linspace(0.0, 1.0, render.POSITIONS))
FACTORS = (
    Factor("shape", 3, (1.0, 2.0, 3.0), continuous=False),  # square, ellipse, heart
    Factor("scale", 6, render.SCALES, continuous=True),
    Factor("orientation", 40, tuple(float(v) for v in render.ORIENTATIONS), continuous=True),  # radians
    Factor("posX", render.POSITIONS, _POSITION, continuous=True),
    Factor("posY", render.POSITIONS, _POSITION, continuous=True),
)
LAYOUT = Layout(737_280, (1, render.SIDE, render.SIDE), packed=True)


@DATASETS.register("dsprites")
class DSprites(GridDataset):
    """dSprites (Matthey et al., 2017) by its geometry: same factors, values and order as the original.

    It reproduces every frame of the original that was compared, pixel for pixel; the published mean of
    the whole set implies 2 lit pixels fewer of 128 million, so a few pixels may differ. To use the
    original file instead, give its path as the data set. The colour factor, which has one value, is left
    out. The images are rendered on first use and kept bit-packed (360 MiB) in the cache folder.
    """

    name = "dsprites"
    fingerprint = f"sha256:{FINGERPRINT}"
    image_shape = LAYOUT.shape
    factors = FACTORS

    def images(self, indices: IntArray) -> NDArray[np.uint8]:
        """The images at ``indices (n,)``: ``(n, 1, 64, 64)``, 0 or 255.

        Raises:
            RunError: the cache cannot be written and there is no memory, or this machine draws
                other images than the fingerprint stands for.
        """
        return self.pixels.images(indices)

    @property
    def in_cache(self) -> bool:
        """Whether the rendered images are in the cache folder."""
        return is_cached(self.name, self.fingerprint)

    @cached_property
    def pixels(self) -> Pixels:
        """The bit-packed images ``(737280, 512)``, rendered if they are not in the cache."""
        pixels = cached(self.name, self.fingerprint, _rendered, "rendered dSprites")
        if pixels.digest != FINGERPRINT:
            raise RunError(
                "this machine renders other pixels than dSprites has; "
                "give the path of the original npz file as the data set instead"
            )
        return pixels


def _rendered() -> Source:
    return Source(LAYOUT, _blocks())


def _blocks() -> Iterator[NDArray[np.uint8]]:
    for pose in product(*(range(factor.size) for factor in FACTORS[:3])):
        yield render.render_pose(*pose)

"""CdSprites, circular dSprites: 1,080 images of a disc that goes around the middle, by its rule."""

import math

import numpy as np

from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.data.dataset import DATASETS, Factor
from disentangle_cli.data.grid import GridDataset

SIDE = 64
REACH = 5  # the radius of the disc, pixels


@DATASETS.register("cdsprites")
class CdSprites(GridDataset):
    """CdSprites (Lin et al., 2020): a white disc at 40 angles and 27 distances from the centre of the image.

    The original drew a disc by Pillow's ``ellipse`` around ``(32 + r cos a, 32 + r sin a)``; the pixels are
    those of Pillow 13, whose box is cut off to whole pixels. Earlier releases of Pillow drew other edges, so
    the published file may differ in some pixels. ``radius`` 0 is one image, whatever the angle.
    """

    name = "cdsprites"
    fingerprint = "sha256:56816706ea1c2c647a15ed6216efcdec40401d9a5a5c10b6bc4e65e05620aea7"
    image_shape = (1, SIDE, SIDE)
    factors = (
        Factor("angle", 40, tuple(2 * math.pi * k / 40 for k in range(40)), continuous=True),  # radians
        Factor("radius", 27, tuple(map(float, range(27))), continuous=True),  # pixels
    )

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, 1, 64, 64)``, 0 or 255."""
        angles, radii = self.values(indices).T
        # by the C library, as the rule cuts off digits: numpy's cosine depends on the processor
        x = np.array([32 + r * math.cos(a) for a, r in zip(angles, radii, strict=True)])
        y = np.array([32 + r * math.sin(a) for a, r in zip(angles, radii, strict=True)])
        across, down = _squared_distances(x), _squared_distances(y)
        lit = down[:, :, None] + across[:, None, :] <= 1  # (n, 64, 64)
        return np.where(lit[:, None], np.uint8(255), np.uint8(0))


def _squared_distances(centres: Doubles) -> Doubles:
    """Of each pixel from ``centres (n,)`` along one axis, in half widths of the box: ``(n, 64)``."""
    low, high = np.trunc(centres - REACH), np.trunc(centres + REACH)  # both of them in the box
    middle, half = (low + high) / 2, (high - low + 1) / 2
    return np.square((np.arange(SIDE) - middle[:, None]) / half[:, None])

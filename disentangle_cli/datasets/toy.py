"""Toy: a coloured square that moves and grows, made on the spot; for first tries, tests and examples."""

import colorsys

import numpy as np

from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data.dataset import DATASETS, Factor
from disentangle_cli.data.grid import GridDataset

SIDE = 32
COLOURS = np.array([colorsys.hsv_to_rgb(k / 8, 1, 1) for k in range(8)])
PLACES = tuple(float(v) for v in np.linspace(0, 1, 9))


@DATASETS.register("toy")
class Toy(GridDataset):
    """3,240 images: a square of one of 8 hues and 5 sizes on black, at 9 times 9 places.

    ``hue`` is one of 8 colours, from red (0) around the circle; ``size`` is the side in pixels; ``posX`` and
    ``posY`` are 0 (left, top) to 1, as in dSprites: the centre of the square goes from pixel 8 to pixel 24.
    """

    name = "toy"
    fingerprint = "sha256:90851dd96cb8463a53c891bd8e05528cc41d2400f8609b790dfcf7818b98cccc"
    image_shape = (3, SIDE, SIDE)
    factors = (
        Factor("hue", 8, tuple(map(float, range(8))), continuous=False),
        Factor("size", 5, (4.0, 6.0, 8.0, 10.0, 12.0), continuous=True),
        Factor("posX", 9, PLACES, continuous=True),
        Factor("posY", 9, PLACES, continuous=True),
    )

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, 3, 32, 32)``."""
        hue, size, x, y = self.values(indices).T[:, :, None]
        pixels = np.arange(SIDE) + 0.5
        across, down = (np.abs(pixels - (8 + 16 * centre)) < size / 2 for centre in (x, y))  # (n, 32)
        lit = (down[:, :, None] & across[:, None, :])[:, None]  # (n, 1, 32, 32)
        colours = np.rint(255 * COLOURS).astype(np.uint8)[hue[:, 0].astype(np.int64)]
        return np.where(lit, colours[:, :, None, None], np.uint8(0))

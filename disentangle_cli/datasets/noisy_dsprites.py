"""Noisy-dSprites: the sprites of dSprites, white on coloured noise."""

import numpy as np

from disentangle_cli.arraytypes import Bools, Bytes, Ints
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.painted_sprites import PaintedSprites, random_levels


@DATASETS.register("noisy-dsprites")
class NoisyDSprites(PaintedSprites):
    """Locatello et al. (2019): each value around a sprite is uniform in [0, 1), another one in each image."""

    name = "noisy-dsprites"
    fingerprint = "sha256:bc8435e13b274d8fe8b36d71e57e0bfd0b4886eb18474715431bafc252836ace"

    def paint(self, sprites: Bools, indices: Ints) -> Bytes:
        """White sprites on the noise of each index."""
        noise = random_levels(indices, int(np.prod(self.image_shape))).reshape(-1, *self.image_shape)
        return np.where(sprites[:, None], np.uint8(255), noise)

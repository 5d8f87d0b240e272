"""Color-dSprites: the sprites of dSprites, each image in a bright colour of its own, on black."""

import numpy as np

from disentangle_cli.arraytypes import Bools, Bytes, Ints
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.painted_sprites import PaintedSprites, random_numbers


@DATASETS.register("color-dsprites")
class ColorDSprites(PaintedSprites):
    """Locatello et al. (2019): each channel of a sprite has a level uniform in [0.5, 1), no factor."""

    name = "color-dsprites"
    fingerprint = "sha256:d86ba29b753cb79d2a1702941f792ce60821929092fcffd50957003fdfd153fa"

    def paint(self, sprites: Bools, indices: Ints) -> Bytes:
        """The sprites times a colour for each index."""
        colours = np.round(255 * (0.5 + random_numbers(indices, 3) / 2)).astype(np.uint8)
        return np.where(sprites[:, None], colours[:, :, None, None], np.uint8(0))

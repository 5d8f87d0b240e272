"""Scream-dSprites: dSprites on pieces of a picture, ``scream.jpg``, which everybody has to bring.

disentanglement_lib takes Munch's "The Scream" from Wikimedia Commons.
"""

import hashlib
from pathlib import Path

import numpy as np

from disentangle_cli.arraytypes import Bools, Bytes, Ints
from disentangle_cli.data import dsprites
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_files import read_picture
from disentangle_cli.data.image_listing import is_image
from disentangle_cli.data.painted_sprites import SIDE, PaintedSprites, random_numbers
from disentangle_cli.errors import UsageError

STEM = "scream"
LARGEST = (350, 274)
"""What the picture is shrunk to fit."""


@FORMATS.register("scream-dsprites")
def scream_dsprites(given: Given) -> Match | None:
    """A picture called ``scream``, or a folder that holds only that."""
    found = [given.path / name for name in given.listing] if given.is_folder else [given.path]
    if len(found) != 1 or found[0].stem.lower() != STEM or not is_image(found[0].name):
        return None
    return Match("dSprites on a picture", lambda: ScreamDSprites(found[0]))


class ScreamDSprites(PaintedSprites):
    """Locatello et al. (2019): a random piece of the picture, mixed with a colour; sprites invert it."""

    def __init__(self, path: Path) -> None:
        """Read the picture.

        Raises:
            UsageError: it cannot be read, or is too small.
        """
        picture = read_picture(path)
        picture.thumbnail(LARGEST)
        if min(picture.size) <= SIDE:
            size = f"{picture.width}x{picture.height}"
            raise UsageError(f"{path}: {size} pixels are too few for pieces of {SIDE}")
        self.picture = np.asarray(picture, np.float64)  # (H, W, 3)
        self.name = f"{STEM}-dsprites"
        told = f"{self.name} 1 {dsprites.FINGERPRINT} {self.picture.shape}".encode()
        self.fingerprint = f"sha256:{hashlib.sha256(told + self.picture.tobytes()).hexdigest()}"

    def paint(self, sprites: Bools, indices: Ints) -> Bytes:
        """The sprites on the piece and the colour of each index."""
        uniform = random_numbers(indices, 5)
        tops, lefts = (
            np.floor(uniform[:, k] * (self.picture.shape[k] - SIDE)).astype(np.int64) for k in range(2)
        )
        steps = np.arange(SIDE)
        pieces = self.picture[(tops[:, None] + steps)[:, :, None], (lefts[:, None] + steps)[:, None, :]]
        mixed = (pieces + 255 * uniform[:, None, None, 2:]) / 2  # (n, 64, 64, 3)
        painted = np.where(sprites[..., None], 255 - mixed, mixed)
        return np.ascontiguousarray(np.round(painted).astype(np.uint8).transpose(0, 3, 1, 2))

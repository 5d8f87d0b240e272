"""dSprites: 737,280 black and white images of three shapes, rendered, not downloaded."""

from functools import cached_property

from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data import dsprites
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.data.packed_cache import is_cached
from disentangle_cli.data.pixels import Pixels


@DATASETS.register("dsprites")
class DSprites(GridDataset):
    """dSprites (Matthey et al., 2017) by its geometry: same factors, values and order as the original.

    It reproduces every frame of the original that was compared, pixel for pixel; the published mean of
    the whole set implies 2 lit pixels fewer of 128 million, so a few pixels may differ. To use the
    original file instead, give its path as the data set. The colour factor, which has one value, is left
    out. The images are rendered on first use and kept bit-packed (360 MiB) in the cache folder.
    """

    name = dsprites.NAME
    fingerprint = dsprites.KEY
    image_shape = dsprites.LAYOUT.shape
    factors = dsprites.FACTORS

    def images(self, indices: Ints) -> Bytes:
        """The images at ``indices (n,)``: ``(n, 1, 64, 64)``, 0 or 255 (see :func:`dsprites.rendered`)."""
        return self.pixels.images(indices)

    @property
    def in_cache(self) -> bool:
        """Whether the rendered images are in the cache folder."""
        return is_cached(dsprites.NAME, dsprites.KEY)

    @cached_property
    def pixels(self) -> Pixels:
        """The bit-packed images ``(737280, 512)``, rendered if they are not in the cache."""
        return dsprites.rendered()

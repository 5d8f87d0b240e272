"""The files of dSprites and of its variants in colour, noise or on a picture.

``dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz``, or ``.hdf5`` of the same stem with its arrays in the group
``latents``. Home: https://github.com/google-deepmind/dsprites-dataset.
"""

from disentangle_cli.data.array_dataset import IMAGES, ArrayDataset
from disentangle_cli.data.dsprites import FACTORS, LAYOUT
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given


@FORMATS.register("dsprites")
def dsprites(given: Given) -> Match | None:
    """Images of 64x64, class ids of six factors in ``latents_classes``; colour, of one class, is left out."""
    file = given.arrays
    if file is None or "latents_classes" not in file:
        return None
    images = next((file.header(key).shape for key in IMAGES if key in file), ())
    if not {images[1:3], images[2:]} & {LAYOUT.shape[1:]}:
        return None
    if file.header("latents_classes").shape != (images[0], 1 + len(FACTORS)):
        return None
    variant = "dSprites" if len(images) == 3 or 1 in images[1:] else "dSprites in colour"
    return Match(f"{variant} ({file.kind})", lambda: ArrayDataset(file))

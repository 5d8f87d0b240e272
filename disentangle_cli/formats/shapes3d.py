"""The file of 3D Shapes: ``3dshapes.h5``, and npz files of the same arrays.

Home: https://github.com/google-deepmind/3d-shapes.
"""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.labels import Labels, labels_of_values
from disentangle_cli.errors import UsageError

FACTORS = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
CONTINUOUS = (True, True, True, True, False, True)
LOW, HIGH = (0, 0, 0, 0.5, 0, -90), (1, 1, 1, 1.5, 3, 90)
"""Between these lies every value: hues, scale 0.75 to 1.25, shape 0 to 3, orientation -30 to 30 degrees."""


@FORMATS.register("shapes3d")
def shapes3d(given: Given) -> Match | None:
    """Colour images in ``images``, the values of six factors in ``labels``; all of them, or any part."""
    file = given.arrays
    if file is None or not {"images", "labels"} <= set(file.names):
        return None
    images, labels = file.header("images").shape, file.header("labels")
    if len(images) == 3 + len(FACTORS) and labels.shape == (*images[: len(FACTORS)], len(FACTORS)):
        line = file.mend("images", "x.reshape(-1, *x.shape[-3:])", more="labels=f['labels'].reshape(-1, 6)")
        raise UsageError(f"{given.path}: images of 3D Shapes as a grid of {images[:6]}; mend it with: {line}")
    if len(images) != 4 or images[3] != 3 or labels.shape != (images[0], len(FACTORS)):
        return None
    if labels.dtype.kind not in "iuf":
        return None
    values = np.asarray(file.read("labels"), np.float64)
    if not _fit(values):
        return None

    def read(*_: object) -> Labels:
        return labels_of_values(FACTORS, values, CONTINUOUS)

    return Match(f"3D Shapes ({file.kind})", lambda: ArrayDataset(file, read))


def _fit(values: Doubles) -> bool:
    shape = values[:, FACTORS.index("shape")]
    return bool(np.all((values >= LOW) & (values <= HIGH)) and np.all(shape == np.round(shape)))

"""The folder of Cars3D: one MATLAB file for each car, which is seen from all sides.

Home: http://www.scottreed.info/files/nips2015-analogy-data.tar.gz (the folder ``data/cars``).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_files import square
from disentangle_cli.data.image_listing import is_image
from disentangle_cli.data.labels import labels_of_values
from disentangle_cli.data.matlab import read_matlab, shape_in_matlab
from disentangle_cli.data.pixels import Layout, Source
from disentangle_cli.data.table import TableDataset, state_of, stored
from disentangle_cli.errors import UsageError

ARRAY = "im"
FACTORS = ("elevation", "azimuth", "object_type")
CONTINUOUS = (True, True, False)


@FORMATS.register("cars3d")
def cars3d(given: Given) -> Match | None:
    """``*.mat`` with an array ``im`` (H, W, 3, azimuths, elevations), cars in the order of their names."""
    if given.head.startswith(b"MATLAB 5.0 MAT-f"):
        raise UsageError(f"{given.path}: a MATLAB file; of Cars3D give the folder, of other sets an npz file")
    names = [name for name in given.listing if name.endswith(".mat") and "norb" not in name.lower()]
    if not names or any(map(is_image, given.listing)):
        return None
    files = [given.path / name for name in names]
    shape = _shape(files[0])
    return Match("Cars3D (folder of MATLAB files)", lambda: _open(given, files, shape))


def _shape(path: Path) -> tuple[int, ...]:
    shape = shape_in_matlab(path, ARRAY)
    if shape is None or len(shape) != 5 or shape[2] != 3 or min(shape[:2]) < 4:
        said = "no array im" if shape is None else f"im has the shape {shape}"
        raise UsageError(f"{path}: {said}; the files of Cars3D have im (128, 128, 3, 24, 4)")
    return shape


def _open(given: Given, files: list[Path], shape: tuple[int, ...]) -> Dataset:
    azimuths, elevations = shape[3:]
    counts = (len(files), elevations, azimuths)
    car, elevation, azimuth = np.unravel_index(np.arange(np.prod(counts)), counts)
    values = np.column_stack([elevation, azimuth, car]).astype(np.float64)
    side, count = given.side, len(values)
    pixels = stored(
        given.path,
        state=state_of(files, given.path),
        options=f"cars3d {side}",
        nbytes=3 * count * side * side,
        build=lambda: Source(Layout(count, (3, side, side), False), _rows(files, shape, side)),
    )
    return TableDataset(given.path.absolute().name, pixels, labels_of_values(FACTORS, values, CONTINUOUS))


def _rows(files: list[Path], shape: tuple[int, ...], side: int) -> Iterator[Bytes]:
    with output.progress(total=len(files), desc="reading Cars3D", unit="cars") as bar:
        for file in files:
            found = read_matlab(file, ARRAY)
            if found.shape != shape or found.dtype != np.uint8:
                said = f"im is {found.dtype} of the shape {found.shape}"
                raise UsageError(f"{file}: {said}; that of {files[0].name} is uint8 of the shape {shape}")
            images = found.transpose(4, 3, 0, 1, 2).reshape(-1, *shape[:3])
            yield np.stack([_small(image, side) for image in images])
            bar.update(1)


def _small(image: Bytes, side: int) -> Bytes:
    pixels = np.asarray(square(Image.fromarray(image), side), np.uint8)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).reshape(-1)

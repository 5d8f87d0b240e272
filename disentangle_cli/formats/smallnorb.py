"""The folder of SmallNORB: photographs of toys, three binary matrices for training and three for testing.

Home: https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_files import square
from disentangle_cli.data.labels import labels_of_values
from disentangle_cli.data.norb_matrix import TYPES, read_norb_matrix
from disentangle_cli.data.pixels import Layout, Source
from disentangle_cli.data.table import TableDataset, state_of, stored
from disentangle_cli.errors import UsageError

FACTORS = ("category", "elevation", "azimuth", "lighting")
CONTINUOUS = (False, True, True, False)
INFO = [1, 2, 3]
"""The columns of the info matrix that are factors; the first is the toy, and each category has its own."""
BLOCK = 256  # images


@FORMATS.register("smallnorb")
def smallnorb(given: Given) -> Match | None:
    """``smallnorb-...-dat.mat`` with ``-cat.mat`` and ``-info.mat``, training before testing.

    Images are those of the first camera. Factors are those that disentanglement_lib has; the toys of a
    category differ without a label.
    """
    if given.head[:4] in TYPES:
        raise UsageError(f"{given.path}: one matrix of NORB; give the folder that it is in")
    names = [name for name in given.listing if "norb" in name.lower()]
    if any(name.endswith("-dat.mat.gz") for name in names):
        raise UsageError(f"{given.path}: unpack the files of SmallNORB first: gunzip *.gz")
    stems = [name.removesuffix("-dat.mat") for name in names if name.endswith("-dat.mat")]
    if not stems:
        return None
    stems.sort(key=lambda stem: ("-test" in stem, stem))
    files = [given.path / f"{stem}-{part}.mat" for stem in stems for part in ("dat", "cat", "info")]
    return Match("SmallNORB (folder of matrices)", lambda: _open(given, files))


def _open(given: Given, files: list[Path]) -> Dataset:
    state = state_of(files, given.path)
    parts = [_read(*files[k : k + 3]) for k in range(0, len(files), 3)]
    values = np.concatenate([own for _, own in parts])
    side, count = given.side, len(values)
    pixels = stored(
        given.path,
        state=state,
        options=f"smallnorb {side}",
        nbytes=count * side * side,
        build=lambda: Source(Layout(count, (1, side, side), False), _rows([own for own, _ in parts], side)),
    )
    return TableDataset(given.path.absolute().name, pixels, labels_of_values(FACTORS, values, CONTINUOUS))


def _read(dat: Path, cat: Path, info: Path) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Images (n, 2, H, W) of two cameras, and the values of the factors (n, 4)."""
    images, categories, told = (read_norb_matrix(path) for path in (dat, cat, info))
    if images.dtype != np.uint8 or images.ndim != 4 or min(images.shape[2:]) < 4:
        raise UsageError(f"{dat}: has the shape {images.shape}; it must be (N, 2, 96, 96) bytes")
    for path, matrix, wanted in ((cat, categories, (len(images),)), (info, told, (len(images), 4))):
        if matrix.dtype.kind != "i" or matrix.shape != wanted:
            raise UsageError(f"{path}: has the shape {matrix.shape}; it must be {wanted} whole numbers")
    return images, np.column_stack([categories, told[:, INFO]]).astype(np.float64)


def _rows(parts: list[NDArray[np.uint8]], side: int) -> Iterator[Bytes]:
    with output.progress(total=sum(map(len, parts)), desc="reading SmallNORB", unit="images") as bar:
        for images in parts:
            for start in range(0, len(images), BLOCK):
                block = images[start : start + BLOCK, 0]
                yield np.stack([_small(image, side) for image in block])
                bar.update(len(block))


def _small(image: NDArray[Any], side: int) -> Bytes:
    return np.asarray(square(Image.fromarray(np.asarray(image)), side), np.uint8).reshape(-1)

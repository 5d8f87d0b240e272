"""Anybody's HDF5 file."""

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.hdf5_reader import Hdf5File


@FORMATS.register("hdf5")
def hdf5(given: Given) -> Match | None:
    """The arrays that an npz file may have, in the file itself or in groups: ``latents/classes``."""
    file = given.arrays
    return (
        Match("HDF5 file", lambda: ArrayDataset(file), general=True) if isinstance(file, Hdf5File) else None
    )

"""Anybody's ``.npy`` file."""

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.npy_file import NpyFile


@FORMATS.register("npy")
def npy(given: Given) -> Match | None:
    """Images without labels."""
    file = given.arrays
    return (
        Match(NpyFile.kind, lambda: ArrayDataset(file), general=True) if isinstance(file, NpyFile) else None
    )

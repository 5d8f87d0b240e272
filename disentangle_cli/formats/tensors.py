"""Anybody's file of torch tensors."""

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.tensor_file import TensorFile


@FORMATS.register("tensors")
def tensors(given: Given) -> Match | None:
    """A tensor of images, a pair of images and class ids, or the arrays that an npz file may have."""
    file = given.arrays
    if not isinstance(file, TensorFile):
        return None
    return Match(TensorFile.kind, lambda: ArrayDataset(file), general=True)

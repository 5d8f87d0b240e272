"""Anybody's ``.npz`` file."""

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.npz_reader import NpzFile


@FORMATS.register("npz")
def npz(given: Given) -> Match | None:
    """Images in ``imgs`` or ``images``; class ids in ``factors``, or in the order of ``factor_sizes``."""
    if not isinstance(given.arrays, NpzFile) and (given.is_folder or given.path.suffix.lower() != ".npz"):
        return None
    return Match(NpzFile.kind, lambda: ArrayDataset(NpzFile(given.path)), general=True)

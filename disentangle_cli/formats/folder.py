"""Anybody's folder of pictures."""

from disentangle_cli.data.folder import FolderDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given


@FORMATS.register("folder")
def folder(given: Given) -> Match | None:
    """Pictures of any common kind, cropped to squares; ``factors.csv`` labels them."""
    if not given.is_folder:
        return None
    return Match(
        "image folder",
        lambda: FolderDataset(given.path, size=given.side, channels=given.channels),
        general=True,
    )

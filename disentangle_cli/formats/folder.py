"""Anybody's folder of pictures."""

from disentangle_cli.data.folder import FolderDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given


@FORMATS.register("folder")
def folder(given: Given) -> Match | None:
    """Pictures of any common kind, cropped to squares; ``factors.csv`` or folders of classes label them."""
    return Match("image folder", lambda: FolderDataset(given), general=True) if given.is_folder else None

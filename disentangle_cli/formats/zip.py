"""Anybody's zip archive of pictures."""

from disentangle_cli.data.folder import FolderDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_listing import is_image


@FORMATS.register("zip")
def zip_archive(given: Given) -> Match | None:
    """An archive of such a folder as :mod:`folder <disentangle_cli.formats.folder>` reads."""
    if given.path.suffix.lower() == ".npz" or not any(map(is_image, given.members)):
        return None
    return Match("zip of images", lambda: FolderDataset(given), general=True)

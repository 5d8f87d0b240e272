"""CelebA: the folder ``img_align_celeba``, a folder that holds it, or the zip archive of it.

Home: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html.
"""

from dataclasses import replace
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.data.celeba_attributes import find_attributes, read_attributes
from disentangle_cli.data.crops import Crop
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.data.folder import FolderDataset
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_listing import is_image, list_archive, list_folder
from disentangle_cli.data.labels import unlabelled

FOLDER = "img_align_celeba"
CROP = Crop(FOLDER, width=178, height=218, left=25, top=45, side=128)
"""What the InfoGAN-CR paper trains on."""
PLACES = (FOLDER, f"Img/{FOLDER}")
"""Where the pictures are, seen from a folder that is given."""


@FORMATS.register("celeba")
def celeba(given: Given) -> Match | None:
    """Aligned photographs, cropped as for the paper; ``list_attr_celeba.txt`` labels them."""
    if given.is_folder:
        own = given.path.absolute().name.lower().startswith(FOLDER)
        pictures = next((place for name in PLACES if (place := given.path / name).is_dir()), None)
        if not own and pictures is None:
            return None
        return Match("CelebA (folder of images)", lambda: _open(given, pictures or given.path))
    if not any(FOLDER in name.lower() and is_image(name) for name in given.members):
        return None
    return Match("CelebA (zip of images)", lambda: _open(given, given.path))


def _open(given: Given, pictures: Path) -> Dataset:
    listing = list_folder(pictures) if given.is_folder else list_archive(pictures)
    table = find_attributes(pictures if given.is_folder else pictures.parent)
    if listing.table is not None:
        labels = None
    elif table:
        labels = read_attributes(table, listing.names)
        output.log(f"{given.path}: the attributes are read from {table}")
    else:
        output.log(f"{given.path}: no list_attr_celeba.txt beside the images, which have no labels then")
        labels = unlabelled(len(listing.names))
    return FolderDataset(replace(given, channels=given.channels or 3), listing, labels, CROP)

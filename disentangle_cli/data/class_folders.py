"""Folders as classes, as torchvision's ``ImageFolder`` has them: ``cats/...``, ``dogs/...``."""

from collections.abc import Sequence

import numpy as np

from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.labels import Labels

FACTOR = "class"


def class_names(names: Sequence[str]) -> tuple[str, ...]:
    """The top folders of images, sorted, by their paths ``names``; none where they are no classes.

    They are where each image is in one of them, and there are two or more.
    """
    tops = sorted({name.partition("/")[0] for name in names})
    return tuple(tops) if all("/" in name for name in names) and len(tops) > 1 else ()


def class_labels(names: Sequence[str], classes: Sequence[str]) -> Labels:
    """One factor, whose class ids are the places of the images' folders among ``classes``."""
    place = {name: k for k, name in enumerate(classes)}
    ids = np.array([[place[name.partition("/")[0]]] for name in names], np.int64)
    factor = Factor(FACTOR, len(classes), tuple(map(float, range(len(classes)))), continuous=False)
    return Labels((factor,), ids, ids.astype(np.float64))

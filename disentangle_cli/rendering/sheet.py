"""Contact sheets: what a data set looks like to a model."""

import numpy as np
from PIL import Image

from disentangle_cli.datasets import Dataset
from disentangle_cli.rendering.grid import draw_samples

MOST = 100
"""Images on a sheet."""
SMALL = 64
"""Pixels that an image on a sheet has at least, if it is not to be peered at."""


def draw_sheet(dataset: Dataset) -> Image.Image:
    """Up to 100 images of a set in a nearly square grid, row by row: the first, and others evenly spaced."""
    count = min(len(dataset), MOST)
    rows = np.arange(count) * len(dataset) // count
    dataset.prepare(rows)
    images = dataset.images(rows).transpose(0, 2, 3, 1)
    return draw_samples(images, -(-SMALL // max(images.shape[1:3])))

"""Draw what each factor of a data set does: a row of images in which it alone goes through its values.

    python examples/factor_grid.py teapots teapots.png [seed]

The rows are the factors, in their order. All images of a row share the other factors, those of one image at
random. With a seed of its own a grid shows another image.
"""

import sys

import numpy as np
from PIL import Image

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.data.sampled import SampledDataset
from disentangle_cli.datasets import Dataset, open_dataset

COLUMNS = 10


def rows_of(dataset: Dataset, row: int, factor: int) -> Bytes:
    """``(10, C, H, W)``: the image ``row`` with ten values of a factor, from the lowest to the highest."""
    if isinstance(dataset, SampledDataset):
        values = np.repeat(dataset.values(np.array([row])), COLUMNS, axis=0)
        values[:, factor] = np.linspace(*list(dataset.scene.factors.values())[factor], COLUMNS)
        return dataset.scene.render(values)
    if not isinstance(dataset, GridDataset):
        sys.exit(f"{dataset.name} has no image for every combination of its factors")
    classes = np.repeat(dataset.classes(np.array([row])), COLUMNS, axis=0)
    classes[:, factor] = np.linspace(0, dataset.sizes[factor] - 1, COLUMNS).round()
    return dataset.images(np.ravel_multi_index(tuple(classes.T), dataset.sizes))


def main(spec: str, out: str, seed: str = "0") -> None:
    """Draw the grid of a data set, with a line of grey between images."""
    dataset = open_dataset(spec)
    row = int(np.random.default_rng(int(seed)).integers(len(dataset)))
    images = np.stack([rows_of(dataset, row, factor) for factor in range(len(dataset.factors))])
    padded = np.pad(images, ((0, 0), (0, 0), (0, 0), (0, 1), (0, 1)), constant_values=128)
    grid = padded.transpose(0, 3, 1, 4, 2).reshape(
        len(images) * padded.shape[3], COLUMNS * padded.shape[4], -1
    )
    Image.fromarray(np.repeat(grid, 3 // grid.shape[2], axis=2)).save(out, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

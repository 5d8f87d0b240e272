"""What every registered data set must keep; a new one is tested by being there."""

import numpy as np
import pytest

from disentangle_cli.datasets import DATASETS, Dataset, open_dataset


@pytest.fixture(params=DATASETS.names())
def dataset(request: pytest.FixtureRequest, with_dsprites: object) -> Dataset:
    return open_dataset(request.param)


def test_shapes_and_ranges(dataset: Dataset) -> None:
    indices = dataset.draw(np.random.default_rng(0), 20)
    assert indices.dtype == np.int64
    assert indices.min() >= 0
    assert indices.max() < len(dataset)
    images = dataset.images(indices)
    assert (images.shape, images.dtype) == ((20, *dataset.image_shape), np.uint8)
    assert images.max() > images.min()
    assert np.array_equal(images, dataset.images(indices))
    assert dataset.fingerprint


def test_factors(dataset: Dataset) -> None:
    assert len({factor.name for factor in dataset.factors}) == len(dataset.factors)
    indices = dataset.draw(np.random.default_rng(1), 50)
    classes, values = dataset.classes(indices), dataset.values(indices)
    assert classes.shape == values.shape == (50, len(dataset.factors))
    for column, factor in enumerate(dataset.factors):
        assert len(factor.values) == factor.size
        assert classes[:, column].min() >= 0
        assert classes[:, column].max() < factor.size
        if factor.size > 1:
            wanted = np.arange(20) % factor.size
            drawn = dataset.draw_fixed(np.random.default_rng(2), column, wanted)
            assert np.array_equal(dataset.classes(drawn)[:, column], wanted)

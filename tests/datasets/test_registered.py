"""What every registered data set must keep; a new one is tested by being there."""

from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli.data.export import export
from disentangle_cli.data.sampled import SampledDataset
from disentangle_cli.datasets import DATASETS, Dataset, open_dataset
from disentangle_cli.errors import UsageError

ROWS = 20


@pytest.fixture(params=DATASETS.names())
def dataset(request: pytest.FixtureRequest, with_dsprites: object) -> Dataset:
    return open_dataset(request.param)


@pytest.fixture
def rows(dataset: Dataset) -> np.ndarray:
    return dataset.draw(np.random.default_rng(0), ROWS)


def test_it_is_what_its_name_opens(dataset: Dataset) -> None:
    again = open_dataset(dataset.name)
    assert type(again) is type(dataset)
    assert again.fingerprint == dataset.fingerprint != ""
    assert again.label_digest == dataset.label_digest
    assert dataset.in_cache in (None, True, False)
    with pytest.raises(UsageError, match=dataset.name):
        open_dataset(dataset.name, size=dataset.image_shape[1] + 1)


def test_shapes_and_ranges(dataset: Dataset, rows: np.ndarray) -> None:
    assert rows.dtype == np.int64
    assert rows.min() >= 0
    assert rows.max() < len(dataset)
    images = dataset.images(rows)
    assert (images.shape, images.dtype) == ((ROWS, *dataset.image_shape), np.uint8)
    assert images.max() > images.min()
    assert np.array_equal(dataset.images(rows[::-1]), images[::-1])
    assert np.array_equal(dataset.images(rows[:1]), images[:1])
    assert np.array_equal(dataset.images(rows), images)


def test_tensors(dataset: Dataset, rows: np.ndarray) -> None:
    tensors = dataset.tensors(rows)
    assert (tensors.dtype, tensors.shape) == (torch.float32, (ROWS, *dataset.image_shape))
    assert torch.equal((tensors * 255).round().to(torch.uint8), torch.from_numpy(dataset.images(rows)))


def test_black_and_white_is_said(dataset: Dataset, rows: np.ndarray) -> None:
    assert dataset.is_binary == bool(np.isin(dataset.images(rows), (0, 255)).all())


def test_factors(dataset: Dataset) -> None:
    assert len({factor.name for factor in dataset.factors}) == len(dataset.factors)
    indices = dataset.draw(np.random.default_rng(1), 50)
    classes, values = dataset.classes(indices), dataset.values(indices)
    assert classes.shape == values.shape == (50, len(dataset.factors))
    assert (classes.dtype, values.dtype) == (np.int64, np.float64)
    for column, factor in enumerate(dataset.factors):
        assert len(factor.values) == factor.size
        assert np.isfinite(factor.values).all()
        middles = np.array(factor.values)[classes[:, column]]
        # a class is one value, or a bin around it where values are drawn from a range
        width = np.ptp(factor.values) / (factor.size - 1) if isinstance(dataset, SampledDataset) else 0.0
        assert np.abs(values[:, column] - middles).max() <= width * 0.53
        assert classes[:, column].min() >= 0
        assert classes[:, column].max() < factor.size
        if factor.size > 1:
            wanted = np.arange(20) % factor.size
            drawn = dataset.draw_fixed(np.random.default_rng(2), column, wanted)
            assert np.array_equal(dataset.classes(drawn)[:, column], wanted)
        with pytest.raises(UsageError, match=f"no {factor.name} of class {factor.size}"):
            dataset.draw_fixed(np.random.default_rng(2), column, np.array([factor.size]))


def test_draws_follow_the_stream(dataset: Dataset, rows: np.ndarray) -> None:
    assert np.array_equal(dataset.draw(np.random.default_rng(0), ROWS), rows)
    assert not np.array_equal(dataset.draw(np.random.default_rng(1), ROWS), rows)


def test_its_file_holds_the_same(dataset: Dataset, rows: np.ndarray, tmp_path: Path) -> None:
    export(dataset, rows, tmp_path / "some.npz")
    again, everything = open_dataset(str(tmp_path / "some.npz")), np.arange(ROWS)
    assert np.array_equal(again.images(everything), dataset.images(rows))
    ranks = [np.unique(column, return_inverse=True)[1] for column in dataset.classes(rows).T]
    assert np.array_equal(again.classes(everything).T, ranks)  # the classes of these rows are all there are
    assert np.array_equal(again.values(everything), dataset.values(rows))
    assert [factor.name for factor in again.factors] == [factor.name for factor in dataset.factors]
    assert again.is_binary == dataset.is_binary

from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.data.packed_cache import read_all
from disentangle_cli.datasets import open_dataset

NAMES = ("teapots", "teapots-rotation", "teapots-light")


@pytest.mark.parametrize("name", NAMES)
def test_it_describes_itself_without_drawing(empty_cache: Path, name: str) -> None:
    dataset = open_dataset(name)
    assert (len(dataset), dataset.image_shape, dataset.in_cache) == (200_000, (3, 64, 64), False)
    assert all(factor.size == 20 and factor.continuous for factor in dataset.factors)
    assert dataset.fingerprint.startswith("sha256:")
    assert len(dataset.fingerprint) == 7 + 64
    assert not empty_cache.exists()


def test_variants_of_a_blue_pot_have_the_same_rotations(empty_cache: Path) -> None:
    rows = np.arange(0, 200_000, 1000)
    rotation, light = (open_dataset(name).values(rows) for name in NAMES[1:])
    assert np.array_equal(rotation, light[:, :3])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[:1])  # minutes each; the others are drawn by the same code
def test_the_fingerprint_is_that_of_all_pixels(empty_cache: Path, name: str) -> None:
    dataset = open_dataset(name)
    dataset.prepare(np.arange(len(dataset)))
    assert dataset.pixels is not None
    assert dataset.fingerprint == f"sha256:{dataset.pixels.digest}"
    read_all(dataset.pixels)

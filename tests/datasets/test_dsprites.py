import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.data.dsprites import FINGERPRINT
from disentangle_cli.data.packed_cache import read_all
from disentangle_cli.datasets import DATASETS, open_dataset
from disentangle_cli.datasets.dsprites import DSprites
from disentangle_cli.errors import UsageError

BITS = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


@pytest.fixture
def dsprites(with_dsprites: Path) -> DSprites:
    return DSprites()


def test_registered() -> None:
    assert "dsprites" in DATASETS.names()
    assert isinstance(open_dataset("dsprites"), DSprites)


def test_describes_itself_without_rendering(empty_cache: Path) -> None:
    dataset = DSprites()
    assert len(dataset) == 737_280
    assert dataset.image_shape == (1, 64, 64)
    assert [(f.name, f.size, f.continuous) for f in dataset.factors] == [
        ("shape", 3, False),
        ("scale", 6, True),
        ("orientation", 40, True),
        ("posX", 32, True),
        ("posY", 32, True),
    ]
    assert dataset.in_cache is False
    assert not empty_cache.exists()


def test_whole_set(dsprites: DSprites) -> None:
    lit = sum(
        int(BITS[dsprites.pixels.rows[start : start + 8192]].sum(dtype=np.int64))
        for start in range(0, len(dsprites), 8192)
    )
    assert lit == 128_328_864
    assert dsprites.fingerprint == f"sha256:{FINGERPRINT}"
    assert dsprites.pixels.digest == FINGERPRINT
    assert hashlib.sha256(dsprites.pixels.rows.data).hexdigest() == FINGERPRINT
    read_all(dsprites.pixels)


def test_opening_a_cache_is_fast(with_dsprites: Path) -> None:
    def seconds() -> float:
        start = time.process_time()
        DSprites().images(np.array([5]))
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.3


def test_index_order(dsprites: DSprites) -> None:
    indices = dsprites.draw(np.random.default_rng(1), 500)
    classes = dsprites.classes(indices)
    assert np.array_equal(np.ravel_multi_index(classes.T, dsprites.sizes), indices)
    shape, scale, orientation, x, y = classes.T
    assert np.array_equal((((shape * 6 + scale) * 40 + orientation) * 32 + x) * 32 + y, indices)


def test_values(dsprites: DSprites) -> None:
    values = dsprites.values(
        np.ravel_multi_index(
            np.array([[0, 0, 0, 0, 0], [2, 5, 39, 31, 31], [1, 2, 1, 16, 3]]).T, dsprites.sizes
        )
    )
    assert values[0] == pytest.approx([1, 0.5, 0, 0, 0])
    assert values[1] == pytest.approx([3, 1, 2 * np.pi, 1, 1])
    assert values[2] == pytest.approx([2, 0.7, 2 * np.pi / 39, 16 / 31, 3 / 31])


def test_real_frames_by_index(dsprites: DSprites, test_data: Path) -> None:
    with np.load(test_data / "real_dsprites_frames.npz") as file:
        expected = np.unpackbits(file["imgs"], axis=1).reshape(-1, 1, 64, 64)
        indices = np.ravel_multi_index(file["factors"].T.astype(np.int64), dsprites.sizes)
    assert np.array_equal(dsprites.images(indices), expected * 255)


def test_images_are_0_and_255(dsprites: DSprites) -> None:
    images = dsprites.images(np.array([0, 737_279, 0]))
    assert images.shape == (3, 1, 64, 64)
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == {0, 255}
    assert np.array_equal(images[0], images[2])


@pytest.mark.parametrize("factor", range(5))
def test_draw_fixed(dsprites: DSprites, factor: int) -> None:
    size = dsprites.factors[factor].size
    wanted = np.random.default_rng(2).integers(0, size, 4000)
    classes = dsprites.classes(dsprites.draw_fixed(np.random.default_rng(3), factor, wanted))
    assert np.array_equal(classes[:, factor], wanted)
    for other in set(range(5)) - {factor}:
        counts = np.bincount(classes[:, other], minlength=dsprites.factors[other].size)
        expected = 4000 / len(counts)
        assert np.abs(counts - expected).max() < 6 * np.sqrt(expected)


def test_draws_follow_the_seed(dsprites: DSprites) -> None:
    first, again, other = (dsprites.draw(np.random.default_rng(seed), 100) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("wrong", [-1, 6])
def test_unknown_class(dsprites: DSprites, wrong: int) -> None:
    with pytest.raises(UsageError, match=f"no scale of class {wrong}"):
        dsprites.draw_fixed(np.random.default_rng(0), 1, np.array([0, wrong]))


def test_has_one_size() -> None:
    with pytest.raises(UsageError, match="64x64, not 32x32"):
        open_dataset("dsprites", size=32)
    with pytest.raises(UsageError, match=r"1 channel\(s\), not 3"):
        open_dataset("dsprites", channels=3)


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match=r"no data set 'dsprite'.*dsprites"):
        open_dataset("dsprite")

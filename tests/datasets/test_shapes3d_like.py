import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.datasets.shapes3d_like import COLOURS, Shapes3dLike

LOOK_ALIKE = Shapes3dLike()


def test_it_has_the_factors_of_3d_shapes() -> None:
    assert len(LOOK_ALIKE) == 480_000
    names = ["floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"]
    assert [factor.name for factor in LOOK_ALIKE.factors] == names
    assert LOOK_ALIKE.sizes == (10, 10, 10, 8, 4, 15)
    values = LOOK_ALIKE.values(np.array([0, 479_999]))
    assert np.allclose(values, [[0, 0, 0, 0.75, 0, -30], [0.9, 0.9, 0.9, 1.25, 3, 30]])


def test_pixels_do_not_change() -> None:
    rows = np.arange(0, 480_000, 4_801)
    digest = hashlib.sha256(LOOK_ALIKE.images(rows).tobytes()).hexdigest()
    assert digest == "e23c6a28342a481465c9ddd4fdb2b4269ca59285744619f7725afcecb8d68626"


@pytest.mark.slow
def test_the_fingerprint_is_that_of_all_pixels() -> None:
    digest = hashlib.sha256()
    for rows in LOOK_ALIKE.blocks(2000):
        digest.update(LOOK_ALIKE.images(rows).tobytes())
    assert LOOK_ALIKE.fingerprint == f"sha256:{digest.hexdigest()}"


def test_it_looks_like_the_published_means_and_deviations() -> None:
    """Of the original, as published for 64x64 pixels in [0, 1]; deviations are those within an image."""
    images = LOOK_ALIKE.images(np.random.default_rng(0).integers(0, 480_000, 2000)).reshape(2000, 3, -1) / 255
    assert images.mean(axis=(0, 2)) == pytest.approx([0.5026, 0.5788, 0.6034], abs=0.012)
    assert images.std(axis=2).mean(axis=0) == pytest.approx([0.2941, 0.3444, 0.3662], abs=0.008)


def test_hues_are_where_they_belong() -> None:
    for place, (column, row) in enumerate([(2, 62), (2, 25), (32, 46)]):
        for hue in (0, 3, 6):
            classes = [1, 1, 1, 7, 1, 7]
            classes[place] = hue
            image = LOOK_ALIKE.images(np.array([np.ravel_multi_index(classes, LOOK_ALIKE.sizes)]))[0]
            pixel, colour = image[:, row, column].astype(float), COLOURS[hue]
            assert np.corrcoef(pixel, colour)[0, 1] > 0.99


def test_a_batch_is_made_in_no_time() -> None:
    rows = np.random.default_rng(0).integers(0, 480_000, 64)
    LOOK_ALIKE.images(rows)
    start = time.process_time()
    LOOK_ALIKE.images(rows)
    assert time.process_time() - start < 0.2


def test_tiles_of_the_original_look_alike(test_data: Path) -> None:
    """The nearest of some thousand images is as near as the look-alike's own variation allows."""
    with np.load(test_data / "real_reference_tiles.npz") as file:
        tiles = file["shapes3d"].reshape(-1, 64, 64, 3).transpose(0, 3, 1, 2).astype(np.int16)
    rows = np.random.default_rng(1).integers(0, 480_000, 6000)
    ours = LOOK_ALIKE.images(rows)[:, :, ::4, ::4].astype(np.int16)
    nearest = [np.abs(ours - tile[:, ::4, ::4]).mean(axis=(1, 2, 3)).min() for tile in tiles]
    assert np.median(nearest) < 22  # of 255

import hashlib
import math

import numpy as np
import PIL
import pytest
from PIL import Image, ImageDraw

from disentangle_cli.datasets.cdsprites import CdSprites


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return CdSprites().images(np.arange(1080))[:, 0]


def test_every_pixel_is_known(images: np.ndarray) -> None:
    packed = np.packbits(images.reshape(1080, -1) > 0, axis=1)
    assert CdSprites.fingerprint == f"sha256:{hashlib.sha256(packed.tobytes()).hexdigest()}"
    areas, counts = np.unique((images > 0).sum(axis=(1, 2)), return_counts=True)
    assert (areas.tolist(), counts.tolist()) == ([97, 104], [1063, 17])
    assert len(np.unique(packed, axis=0)) == 878
    assert set(np.unique(images)) == {0, 255}


def test_nothing_is_cut_off(images: np.ndarray) -> None:
    border = images.copy()
    border[:, 1:, 1:] = 0
    assert not border.any()


def test_order_and_values(images: np.ndarray) -> None:
    dataset = CdSprites()
    assert np.array_equal(dataset.classes(np.array([0, 26, 27, 1079])), [[0, 0], [0, 26], [1, 0], [39, 26]])
    assert dataset.values(np.array([27 * 10 + 26]))[0] == pytest.approx([math.pi / 2, 26])
    rows, columns = np.nonzero(images[27 * 10 + 26])  # a quarter turn: below the middle, as y points down
    assert (rows.mean(), columns.mean()) == (32 + 26, 32)
    assert all(np.array_equal(images[27 * k], images[0]) for k in range(40))  # radius 0


@pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="draws other ellipses")
def test_they_are_what_pillow_draws(images: np.ndarray) -> None:
    for index, image in enumerate(images):
        angle, radius = 2 * math.pi * (index // 27) / 40, index % 27
        x, y = 32 + radius * math.cos(angle), 32 + radius * math.sin(angle)
        drawn = Image.new("L", (64, 64))
        ImageDraw.Draw(drawn).ellipse((x - 5, y - 5, x + 5, y + 5), fill=255)
        assert np.array_equal(np.asarray(drawn), image), (angle, radius)

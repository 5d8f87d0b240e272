import hashlib
import time

import numpy as np

from disentangle_cli.datasets.toy import Toy


def test_every_pixel_is_known_and_made_in_no_time() -> None:
    start = time.process_time()
    images = Toy().images(np.arange(len(Toy())))
    assert time.process_time() - start < 1
    assert Toy.fingerprint == f"sha256:{hashlib.sha256(images.tobytes()).hexdigest()}"
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images) == 3240


def test_the_square_is_where_and_as_large_as_its_factors_say() -> None:
    toy = Toy()
    rows = toy.draw(np.random.default_rng(0), 300)
    for image, (hue, size, x, y) in zip(toy.images(rows), toy.values(rows), strict=True):
        down, across = np.nonzero(image.any(axis=0))
        assert len(down) == size**2
        assert (down.mean() + 0.5, across.mean() + 0.5) == (8 + 16 * y, 8 + 16 * x)
        (colour,) = np.unique(image[:, down, across], axis=1).T
        assert np.argmax(colour) == [0, 0, 1, 1, 1, 2, 2, 0][int(hue)]

"""dSprites in colour and on noise, by name; on a picture, by the picture's path."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.data.painted_sprites import PaintedSprites, random_levels, random_numbers, random_words
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
SCREAM = RNG.integers(0, 256, (70, 67, 3), np.uint8)


def write_scream(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(SCREAM).save(path)
    return path


@pytest.fixture(params=["color-dsprites", "noisy-dsprites", "scream.png"])
def painted(request: pytest.FixtureRequest, with_dsprites: Path, tmp_path: Path) -> Dataset:
    name = request.param
    return open_dataset(str(write_scream(tmp_path / name)) if "." in name else name)


def test_the_sprites_are_those_of_dsprites(painted: Dataset) -> None:
    plain = open_dataset("dsprites")
    rows = painted.draw(RNG, 10)
    assert painted.factors == plain.factors
    assert np.array_equal(painted.classes(rows), plain.classes(rows))
    lit = plain.images(rows)[:, 0] > 0
    images = painted.images(rows).transpose(0, 2, 3, 1)
    assert np.array_equal(painted.images(np.array([-1])), painted.images(np.array([len(painted) - 1])))
    for image, sprite in zip(images, lit, strict=True):
        if painted.name == "color-dsprites":
            assert (image[sprite] == image[sprite][0]).all()
            assert (image[sprite] >= 128).all()
            assert not image[~sprite].any()
        elif painted.name == "noisy-dsprites":
            assert (image[sprite] == 255).all()
            assert 100 < image[~sprite].mean() < 155
        else:  # the inverse of the sprite makes a piece of the picture, mixed with one colour
            whole = np.where(sprite[..., None], 255 - image.astype(int), image)
            tops, lefts = np.ogrid[: 70 - 63, : 67 - 63]
            offsets = [
                2 * whole - SCREAM[top : top + 64, left : left + 64]
                for top in tops.ravel() for left in lefts.ravel()
            ]  # fmt: skip
            spread = [np.ptp(offset, axis=(0, 1)).max() for offset in offsets]
            assert min(spread) <= 2
            assert np.sort(spread)[1] > 100


def test_pixels_are_fixed(painted: Dataset) -> None:
    known = {
        "color-dsprites": "d56ad7cab8069869",
        "noisy-dsprites": "dcb70fb9bf19df1c",
        "scream-dsprites": "de6a54432e178546",
    }
    rows = np.array([0, 1, 40_000, 368_000, 737_279])
    assert hashlib.sha256(painted.images(rows).tobytes()).hexdigest()[:16] == known[painted.name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["color-dsprites"])  # noise takes four times as long
def test_the_fingerprint_is_that_of_all_images(name: str, with_dsprites: Path) -> None:
    dataset, digest = open_dataset(name), hashlib.sha256()
    for rows in dataset.blocks(512):
        digest.update(dataset.images(rows).tobytes())
    assert dataset.fingerprint == f"sha256:{digest.hexdigest()}"


def test_words_are_those_of_splitmix64() -> None:
    """The reference sequence of seed 0, and the same words whatever the shape they are asked in."""
    words = random_words(np.arange(1), 3)[0]
    assert [hex(word) for word in words] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4", "0x6c45d188009454f"]
    assert np.array_equal(random_words(np.arange(3), 1)[:, 0], words)


def test_numbers_are_uniform() -> None:
    numbers = random_numbers(np.arange(20_000), 5)
    assert np.abs(numbers.mean(axis=0) - 0.5).max() < 0.01
    assert np.abs(np.corrcoef(numbers.T) - np.eye(5)).max() < 0.03
    levels = np.bincount(random_levels(np.arange(2_000), 512).ravel(), minlength=256)
    assert np.abs(levels[1:-1] / (2_000 * 512 / 255) - 1).max() < 0.1
    assert np.abs(levels[[0, 255]] / (2_000 * 512 / 510) - 1).max() < 0.1


def test_scream_is_known_by_its_name(with_dsprites: Path, tmp_path: Path) -> None:
    path = write_scream(tmp_path / "scream" / "scream.png")
    mine, other = open_dataset(str(path)), open_dataset(str(path.parent))
    assert (mine.name, mine.kind) == ("scream-dsprites", "dSprites on a picture")
    assert isinstance(mine, PaintedSprites)
    assert mine.fingerprint == other.fingerprint
    Image.fromarray(255 - SCREAM).save(path)
    assert open_dataset(str(path)).fingerprint != mine.fingerprint
    Image.fromarray(SCREAM[:64]).save(path)
    with pytest.raises(UsageError, match=r"scream\.png: 67x64 pixels are too few for pieces of 64"):
        open_dataset(str(path))
    path.rename(path.with_name("other.png"))
    assert open_dataset(str(path.parent)).kind == "image folder"
    with pytest.raises(UsageError, match=r"other\.png: dcr does not know this kind of file"):
        open_dataset(str(path.with_name("other.png")))

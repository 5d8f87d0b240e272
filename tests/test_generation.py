from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from disentangle_cli.api.generate import generate
from disentangle_cli.data.dataset import Dataset, Factor
from disentangle_cli.errors import UsageError
from disentangle_cli.generation import encode_dataset, parse_fixed
from disentangle_cli.images import to_pixels
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import load_model
from disentangle_cli.traversal import read_photo
from tests.conftest import WriteModel

MIXED = Latents(
    [
        Block("codes", "uniform", 2, True, low=-1, high=1),
        Block("grid", "grid", 1, True, values=(0.0, 0.5, 1.0)),
        Block("noise", "normal", 2, False),
    ]
)


class Shades(Dataset):
    """Flat images: image i has grey level i; the factor is i's parity."""

    name = "shades"
    fingerprint = "shades"
    image_shape = (1, 8, 8)
    factors = (Factor("parity", 2, (0.0, 10.0), continuous=False),)

    def __len__(self) -> int:
        return 200

    def images(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.repeat(indices.astype(np.uint8), 64).reshape(-1, 1, 8, 8)

    def classes(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return (indices % 2)[:, None]


def test_samples_are_what_the_model_makes_of_the_latents(write_model: WriteModel) -> None:
    model = load_model(write_model(channels=3))
    samples = generate(model, 700, seed=1)
    assert samples.images.shape == (700, 8, 8, 3)
    assert samples.images.dtype == np.uint8
    assert samples.latents.shape == (700, 5)
    assert samples.latent_names == ["c1", "c2", "c3", "z1", "z2"]
    # across the chunks that generation works in
    again = model.generate(torch.from_numpy(samples.latents)).permute(0, 2, 3, 1).numpy()
    assert np.abs(samples.images - again * 255).max() <= 0.5 + 1e-3


def test_seeds(write_model: WriteModel) -> None:
    model = load_model(write_model())
    assert np.array_equal(generate(model, 5, seed=1).images, generate(model, 5, seed=1).images)
    assert not np.array_equal(generate(model, 5, seed=1).images, generate(model, 5, seed=2).images)


def test_fixed_latents_leave_the_others_alone(write_model: WriteModel) -> None:
    model = load_model(write_model())
    free = generate(model, 20, seed=0).latents
    held = generate(model, 20, seed=0, fix={"c2": 0.25, "z1": -1.0}).latents
    assert (held[:, 1] == 0.25).all()
    assert (held[:, 3] == -1).all()
    assert np.array_equal(held[:, [0, 2, 4]], free[:, [0, 2, 4]])


def test_parse_fixed() -> None:
    assert parse_fixed(["c1=0.5", "c2=-1, z2=3"], MIXED) == {"c1": 0.5, "c2": -1.0, "z2": 3.0}
    assert parse_fixed([], MIXED) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("c1", "NAME=VALUE"),
        ("=1", "NAME=VALUE"),
        ("c9=1", "c1, c2, c3, z1, z2"),
        ("c1=x", "finite number"),
        ("c1=nan", "finite number"),
        ("c1=inf", "finite number"),
        ("c1=0,c1=1", "given twice"),
    ],
)
def test_parse_fixed_refuses(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_fixed([text], MIXED)


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("c1=1", False),
        ("c1=1.01", True),
        ("c3=0.5", False),
        ("c3=0.6", True),
        ("z1=3.9", False),
        ("z1=-4.1", True),
    ],
)
def test_values_outside_the_prior_are_warned_about(
    text: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("disentangle_cli.output.warn", warnings.append)
    parse_fixed([text], MIXED)
    assert bool(warnings) == warned


def test_encoded_data_set(write_model: WriteModel) -> None:
    model = load_model(write_model())
    data = Shades()
    arrays = encode_dataset(model, data)
    everything = torch.from_numpy(data.images(np.arange(200))).float() / 255
    assert np.allclose(arrays["codes"], model.encode(everything).numpy(), atol=1e-5)
    assert arrays["factors"].tolist() == [[i % 2] for i in range(200)]
    assert arrays["factor_values"].tolist() == [[10.0 * (i % 2)] for i in range(200)]
    assert arrays["is_continuous"].tolist() == [False]


def test_encoding_a_draw(write_model: WriteModel) -> None:
    model = load_model(write_model())
    first, again, other = (encode_dataset(model, Shades(), num=50, seed=s)["codes"] for s in (0, 0, 1))
    assert first.shape == (50, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(encode_dataset(model, Shades(), num=1000)["codes"]) == 200


def test_encoding_refuses_another_shape(write_model: WriteModel) -> None:
    with pytest.raises(UsageError, match=r"1x8x8.*3x8x8"):
        encode_dataset(load_model(write_model(channels=3)), Shades())


@given(st.floats(0, 1, width=32))
def test_pixels_are_rounded_to_the_nearest_level(level: float) -> None:
    pixel = to_pixels(torch.full((1, 1, 1, 1), level)).item()
    assert abs(pixel - 255 * level) <= 0.5 + 1e-4


def test_photos_are_turned_cropped_and_flattened(tmp_path: Path) -> None:
    folder = tmp_path
    photo = Image.new("RGBA", (40, 20), (255, 0, 0, 255))
    photo.paste((0, 255, 0, 0), (10, 0, 30, 20))  # the middle square is transparent
    photo.save(folder / "p.png")
    image = read_photo(folder / "p.png", (3, 8, 8))
    assert image.shape == (1, 3, 8, 8)
    assert image.min() > 0.95  # cropped to the square, transparent parts on white
    turned = Image.new("RGB", (16, 8), (0, 0, 0))
    turned.paste((255, 255, 255), (0, 0, 16, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees: the bright upper half is on the right
    turned.save(folder / "t.png", exif=exif)
    grey = read_photo(folder / "t.png", (1, 8, 8))[0, 0]
    assert grey[:, -1].mean() > 0.9
    assert grey[:, 0].mean() < 0.1


def test_photos_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_text("no picture")
    with pytest.raises(UsageError, match=r"x\.png"):
        read_photo(path, (1, 8, 8))
    with pytest.raises(UsageError, match="No such file"):
        read_photo(path.with_name("y.png"), (1, 8, 8))
    with pytest.raises(UsageError, match="2x8x8"):
        read_photo(path, (2, 8, 8))

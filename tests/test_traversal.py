import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block
from disentangle_cli.models import LoadedModel, load_model
from disentangle_cli.traversal import make_anchors, steps_of, traverse
from tests.conftest import GAN_LATENTS, VAE_LATENTS, WriteModel

GRID = Block("grid", "grid", 1, True, values=(0.0, 1.0, 2.0))


@pytest.fixture
def gan(write_model: WriteModel) -> LoadedModel:
    return load_model(write_model(blocks=(*GAN_LATENTS, GRID)))


def test_each_row_moves_one_latent_and_holds_the_others(gan: LoadedModel) -> None:
    found = traverse(gan, ["c2", "z1"], steps=5, seed=3)
    anchor = gan.latents.sample(1, torch.Generator().manual_seed(3))
    for row, name, values in zip(
        found.rows, ["c2", "z1"], [[-1, -0.5, 0, 0.5, 1], [-2, -1, 0, 1, 2]], strict=True
    ):
        assert row.name == name
        assert row.values == values
        assert row.images.shape == (1, 5, 8, 8, 1)
        for value, image in zip(values, row.images[0], strict=True):
            latents = anchor.clone()
            latents[0, gan.latents.column(name)] = value
            expected = gan.generate(latents)[0].permute(1, 2, 0).numpy() * 255
            assert np.abs(image - expected).max() <= 0.5 + 1e-3


def test_all_codes_unless_named(gan: LoadedModel) -> None:
    assert [row.name for row in traverse(gan).rows] == ["c1", "c2", "c3", "c4"]


@pytest.mark.usefixtures("speaking")
def test_an_anchor_of_several_pictures_is_told(
    gan: LoadedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Image.new("L", (20, 20), value) for value in (200, 100)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    make_anchors(gan, tmp_path / "a.gif", 0)
    assert "a.gif: holds several pictures (frames or pages)" in capsys.readouterr().err
    frames[0].save(tmp_path / "b.gif")
    make_anchors(gan, tmp_path / "b.gif", 0)
    assert not capsys.readouterr().err


def test_anchors(gan: LoadedModel, tmp_path: Path) -> None:
    mean = make_anchors(gan, "mean", 0).latents
    assert mean.tolist() == [[0, 0, 0, 0, 0, 1]]
    drawn = make_anchors(gan, "prior", 5).latents
    assert torch.equal(drawn, gan.latents.sample(1, torch.Generator().manual_seed(5)))
    three = make_anchors(gan, "sample", 0).latents
    assert three.shape == (3, 6)
    assert traverse(gan, ["c1"], anchor="sample").rows[0].images.shape[0] == 3

    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    found = make_anchors(gan, tmp_path / "photo.png", 5)
    photo, words = found.latents, found.words
    codes = gan.encode(torch.from_numpy(pixels).float()[None, None] / 255)
    assert torch.allclose(photo[:, gan.latents.code_columns], codes)
    assert torch.equal(photo[:, 3:5], drawn[:, 3:5])
    assert "photo.png" in words


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"steps": 1}, "at least 2 steps"),
        ({"latents": ["c9"]}, "c1, c2, c3"),
        ({"latents": ["c1", "c1"]}, "once"),
        ({"latents": []}, "once"),
        ({"anchor": "nowhere.png"}, "prior, mean, sample"),
    ],
)
def test_refusals(gan: LoadedModel, arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        traverse(gan, **arguments)  # type: ignore[arg-type]


@given(st.integers(2, 40), st.sampled_from([*GAN_LATENTS, *VAE_LATENTS, GRID]))
def test_steps_ascend_within_the_range(steps: int, block: Block) -> None:
    values = steps_of(block, steps)
    assert len(values) == (min(steps, 3) if block.kind == "grid" else steps)
    assert all(a < b for a, b in itertools.pairwise(values))
    assert (values[0], values[-1]) == block.range


def test_long_grids_are_thinned() -> None:
    block = Block("g", "grid", 1, True, values=tuple(float(i) for i in range(100)))
    assert steps_of(block, 4) == [0, 33, 66, 99]

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.errors import UsageError
from disentangle_cli.models import LoadedModel, load_model
from disentangle_cli.rendering import default_upscale, save_traversal
from disentangle_cli.traversal import traverse
from tests.conftest import VAE_LATENTS, WriteModel


def test_same_seed_same_files(gan: LoadedModel, tmp_path: Path) -> None:
    for suffix in (".png", ".gif", ".webp", ".mp4", ".html"):
        paths = [save_traversal(traverse(gan, steps=3), tmp_path / f"{i}{suffix}") for i in range(2)]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_colour_models(write_model: WriteModel, tmp_path: Path) -> None:
    model = load_model(write_model(channels=3, blocks=VAE_LATENTS, posterior=True))
    path = save_traversal(traverse(model, steps=3), tmp_path / "t.png", upscale=3)
    pixels = np.asarray(Image.open(path))
    assert (pixels[..., 0] != pixels[..., 1]).any()


def test_channels_that_cannot_be_drawn(write_model: WriteModel, tmp_path: Path) -> None:
    model = load_model(write_model(channels=2))
    with pytest.raises(UsageError, match="2 channels"):
        save_traversal(traverse(model), tmp_path / "t.png")
    assert not list(tmp_path.glob("*.png"))


def test_other_suffixes(gan: LoadedModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png, \.gif, \.webp, \.mp4, \.html"):
        save_traversal(traverse(gan), tmp_path / "t.jpg")


@pytest.mark.parametrize(("side", "factor"), [(8, 8), (28, 3), (64, 1), (128, 1)])
def test_small_images_are_enlarged(side: int, factor: int) -> None:
    assert default_upscale((1, side, side), 64) == factor

"""Pages of traversals: with the generator in them, and with pictures that were drawn beforehand."""

import base64
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from disentangle_cli.latents import Latents
from disentangle_cli.modelling.recorder import UntraceableError
from disentangle_cli.models import LoadedModel
from disentangle_cli.rendering import live, save_traversal
from disentangle_cli.rendering.live import make_live
from disentangle_cli.rendering.page import draw_page
from disentangle_cli.traversal import Traversal, traverse
from tests.conftest import WriteModel


class Foreign:
    """The least that a model offers, around a loaded one."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        self.image_shape: tuple[int, int, int] = model.image_shape
        self.latents: Latents = model.latents

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        return self.model.sample_latents(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        return self.model.generate(latents)

    def encode(self, images: Tensor) -> Tensor:
        return self.model.encode(images)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        return self.model.posterior(images)


def data_of(page: str) -> dict[str, Any]:
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert text
    found: dict[str, Any] = json.loads(text[1])
    return found


def pixels_of(url: str) -> Any:
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as sheet:
        return np.asarray(sheet)


def test_the_generator_is_part_of_the_page(gan: LoadedModel) -> None:
    page = draw_page(traverse(gan, ["c2", "c1"], steps=3, seed=5), 2, "<b>& model</b>")
    assert "&lt;b&gt;&amp; model&lt;/b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"https?://|src=|@import", page)
    data = data_of(page)
    assert [step["name"] for step in data["program"]["steps"]] == ["linear", "relu", "linear", "sigmoid"]
    assert data["rows"] is None
    assert data["shown"] == [1, 0]
    assert [latent["name"] for latent in data["latents"]] == gan.latents.names
    assert [latent["span"] for latent in data["latents"]][2:] == [[-1, 1], [-3, 3], [-3, 3], [0, 2]]
    # the gallery: the anchor first, and the model's own images
    assert data["bases"][0]["latents"] == gan.latents.sample(1, torch.Generator().manual_seed(5))[0].tolist()
    bases = torch.tensor([base["latents"] for base in data["bases"]])
    images = gan.generate(bases)[:, 0].permute(1, 0, 2).reshape(8, -1) * 255
    assert np.abs(pixels_of(data["sheet"]) - images.numpy()).max() <= 0.501


def test_a_photograph_and_its_reconstruction(gan: LoadedModel, tmp_path: Path) -> None:
    Image.new("L", (30, 20), 200).save(tmp_path / "<photo>.png")
    page = draw_page(traverse(gan, anchor=tmp_path / "<photo>.png"))
    assert "&lt;photo&gt;.png" in page
    photo = re.search(r'<img src="([^"]*)" alt="the photograph', page)
    assert photo
    assert (pixels_of(html.unescape(photo[1])) == 200).all()
    assert data_of(page)["bases"][0]["name"] == "reconstruction"


def test_pictures_drawn_beforehand_and_why(gan: LoadedModel) -> None:
    found = traverse(Foreign(gan), ["c1", "c4"], steps=5, anchor="sample")
    page = draw_page(found)
    assert "one latent moves at a time" in page
    assert "an object of its own, whose networks are not known" in page
    assert "engine" not in page
    data = data_of(page)
    assert data["program"] is None
    assert [base["name"] for base in data["bases"]] == ["prior draw 1", "prior draw 2", "prior draw 3"]
    assert [(row["place"], row["values"]) for row in data["rows"]] == [
        (0, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (5, [0.0, 1.0, 2.0]),
    ]
    sheet = pixels_of(data["rows"][0]["sprite"])
    images = found.rows[0].images[..., 0]
    assert np.array_equal(sheet, images.transpose(0, 2, 1, 3).reshape(3 * 8, 5 * 8))


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MOST_WORK", 1000, "too slow"),
        ("MOST_BYTES", 1000, "too large"),
        ("MOST_DIFFERENCE", -1.0, "other images"),
    ],
)
def test_limits(
    gan: LoadedModel, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, reason: str
) -> None:
    make_live(gan, gan.sample_latents(3))
    monkeypatch.setattr(live, limit, value)
    with pytest.raises(UntraceableError, match=reason):
        make_live(gan, gan.sample_latents(3))
    assert reason in draw_page(traverse(gan, steps=3))


def test_a_generator_that_draws_random_numbers_is_found_out(gan: LoadedModel) -> None:
    class Noisy(torch.nn.Sequential):
        def forward(self, latents: Tensor) -> Tensor:
            images: Tensor = super().forward(latents + 0.5 * torch.randn(latents.shape))
            return images

    gan.generator = Noisy(gan.generator)
    with pytest.raises(UntraceableError, match="random"):
        make_live(gan, gan.sample_latents(8))


def test_float32_where_float16_is_not_enough(gan: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disentangle_cli.modelling.program.SMALL", 0)
    latents = gan.sample_latents(8)
    assert make_live(gan, latents).width == "float16"
    with torch.no_grad():
        list(gan.generator.parameters())[-2].mul_(1e6)  # more than float16 can hold
    assert make_live(gan, latents).width == "float32"


def test_the_grid_takes_its_own_values(write_model: WriteModel, gan: LoadedModel) -> None:
    data = data_of(draw_page(traverse(gan, anchor="mean")))
    assert {base["latents"][-1] for base in data["bases"]} <= {0.0, 1.0, 2.0}
    assert data["latents"][-1]["values"] == [0.0, 1.0, 2.0]


def test_the_same_page_twice(gan: LoadedModel, shades: Traversal, tmp_path: Path) -> None:
    paths = [save_traversal(traverse(gan, steps=3), tmp_path / f"{i}.html") for i in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()

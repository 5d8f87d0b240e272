import base64
import io
import itertools
import json
import re
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
from disentangle_cli.rendering import default_upscale, save_traversal
from disentangle_cli.rendering.animation import draw_frame
from disentangle_cli.rendering.drawing import number, shorten, width_of
from disentangle_cli.rendering.grid import draw_grid
from disentangle_cli.rendering.page import draw_page
from disentangle_cli.traversal import Row, Traversal, make_anchors, steps_of, traverse
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


def test_anchors(gan: LoadedModel, tmp_path: Path) -> None:
    mean, _ = make_anchors(gan, "mean", 0)
    assert mean.tolist() == [[0, 0, 0, 0, 0, 1]]
    drawn, _ = make_anchors(gan, "prior", 5)
    assert torch.equal(drawn, gan.latents.sample(1, torch.Generator().manual_seed(5)))
    three, _ = make_anchors(gan, "sample", 0)
    assert three.shape == (3, 6)
    assert traverse(gan, ["c1"], anchor="sample").rows[0].images.shape[0] == 3

    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    photo, words = make_anchors(gan, tmp_path / "photo.png", 5)
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


@pytest.fixture
def shades() -> Traversal:
    """Two latents of three values each; every image is flat with a grey level of its own."""
    levels = np.arange(10, 70, 10, dtype=np.uint8).reshape(2, 1, 3)
    images = np.broadcast_to(levels[..., None, None, None], (2, 1, 3, 8, 8, 1))
    rows = [Row(name, [-1.0, 0.0, 1.0], pixels) for name, pixels in zip(("c1", "c2"), images, strict=True)]
    return Traversal(rows, "the prior's mean", (1, 8, 8))


@pytest.mark.parametrize("upscale", [1, 4])
def test_the_grid_shows_every_image_whole_and_in_order(shades: Traversal, upscale: int) -> None:
    pixels = np.asarray(draw_grid(shades, upscale, "a title"))
    places = []
    for row in shades.rows:
        for image in row.images[0]:
            level = int(image[0, 0, 0])
            ys, xs = np.nonzero((pixels == level).all(-1))
            inside = (ys.min(), xs.min())
            block = pixels[inside[0] : inside[0] + 8 * upscale, inside[1] : inside[1] + 8 * upscale]
            assert block.shape == (8 * upscale, 8 * upscale, 3)
            assert (block == level).all()
            places.append(inside)
    tops, lefts = [p[0] for p in places], [p[1] for p in places]
    assert tops[0] == tops[1] == tops[2] < tops[3]
    assert lefts[0] < lefts[1] < lefts[2]
    assert lefts[:3] == lefts[3:]


def test_no_label_touches_the_edge(gan: LoadedModel) -> None:
    for names, steps in ((["c1", "c4", "z2"], 7), (["z1"], 2)):
        pixels = np.asarray(draw_grid(traverse(gan, names, steps=steps, anchor="sample"), 1, "name " * 40))
        edge = np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3)])
        assert (edge == 255).all()
        assert (pixels[:, :4] == 255).all()
        assert (pixels[:, -4:] == 255).all()


def test_animation_goes_there_and_back(gan: LoadedModel, tmp_path: Path) -> None:
    found = traverse(gan, steps=6)
    path = save_traversal(found, tmp_path / "t.gif")
    with Image.open(path) as gif:
        assert gif.info["loop"] == 0
        assert gif.n_frames == 10  # type: ignore[attr-defined]
        frames = []
        for index in range(10):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("RGB")))
    assert all(np.array_equal(frames[i], frames[-i]) for i in range(1, 10))
    assert not np.array_equal(frames[0], frames[5])


def test_frames_show_the_step(shades: Traversal) -> None:
    first, last = (np.asarray(draw_frame(shades, progress)) for progress in (0.0, 1.0))
    assert ((first == 10).all(-1).sum(), (first == 40).all(-1).sum()) == (64, 64)
    assert ((last == 30).all(-1).sum(), (last == 60).all(-1).sum()) == (64, 64)


def test_page_is_self_contained_and_shows_the_images(shades: Traversal) -> None:
    page = draw_page(shades, 2, "<b>& model</b>")
    assert "&lt;b&gt;&amp; model&lt;/b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"https?://|src=|<link", page)
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert text
    data = json.loads(text[1])
    assert [(row["name"], row["labels"]) for row in data["rows"]] == [
        ("c1", ["-1", "0", "1"]),
        ("c2", ["-1", "0", "1"]),
    ]
    sprite = base64.b64decode(data["rows"][1]["sprite"].partition(",")[2])
    with Image.open(io.BytesIO(sprite)) as sheet:
        assert sheet.size == (24, 8)
        assert np.asarray(sheet)[0, ::8].tolist() == [40, 50, 60]


def test_same_seed_same_files(gan: LoadedModel, tmp_path: Path) -> None:
    for suffix in (".png", ".gif", ".html"):
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
    with pytest.raises(UsageError, match=r"\.png, \.gif, \.html"):
        save_traversal(traverse(gan), tmp_path / "t.jpg")


@pytest.mark.parametrize(("side", "factor"), [(8, 8), (28, 3), (64, 1), (128, 1)])
def test_small_images_are_enlarged(side: int, factor: int) -> None:
    assert default_upscale((1, side, side), 64) == factor


def test_labels() -> None:
    assert [number(v) for v in (-0.001, 0.25, -1.0, 1.5555)] == ["0", "0.25", "-1", "1.56"]
    short = shorten("x" * 100 + "end", 12, 80)
    assert short.startswith("...")
    assert short.endswith("end")
    assert width_of(short, 12) <= 80

"""Originals, reconstructions, and how far they are apart."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import Result

import disentangle_cli as dcr
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.models import load_model
from disentangle_cli.rendering.pairs import draw_pairs
from tests.conftest import GAN_LATENTS, VAE_LATENTS, WriteModel

Cli = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    np.savez(
        tmp_path / "data.npz", imgs=np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    )
    return tmp_path / "data.npz"


@pytest.mark.parametrize("posterior", [True, False], ids=["vae", "gan"])
def test_errors_are_those_of_the_models_images(
    cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path, posterior: bool
) -> None:
    path = write_model(blocks=VAE_LATENTS if posterior else GAN_LATENTS, posterior=posterior)
    out = tmp_path / "r.npz"
    arguments = (
        "reconstruct",
        path,
        "--dataset",
        data,
        "--rows",
        "3,0",
        "--rows",
        "19",
        "--seed",
        4,
        "--out",
        out,
    )
    result = cli(*arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.reconstruct/1"
    assert "mean squared error per pixel" in document["measure"]
    assert [image["row"] for image in document["images"]] == [3, 0, 19]
    assert document["paths"] == [str(out)]

    model, images = load_model(path), open_dataset(str(data)).tensors(np.array([3, 0, 19]))
    latents = model.latents.sample(3, torch.Generator().manual_seed(4))
    latents[:, model.latents.code_columns] = model.encode(images)
    made = model.generate(latents)
    wanted = (made - images).square().mean((1, 2, 3))
    torch.testing.assert_close(torch.tensor([image["error"] for image in document["images"]]), wanted)
    assert document["error"] == pytest.approx(wanted.mean().item())
    assert f"{document['error']:.4g} over 3 images" in result.stderr
    with np.load(out) as arrays:
        assert arrays["rows"].tolist() == [3, 0, 19]
        assert np.array_equal(arrays["originals"][..., 0], np.load(data)["imgs"][[3, 0, 19]])
        assert np.abs(arrays["images"][..., 0] - made[:, 0].numpy() * 255).max() <= 0.501


def test_the_picture_shows_each_above_the_other() -> None:
    levels = np.arange(1, 12, dtype=np.uint8)[:, None, None, None] * 10
    originals, made = np.broadcast_to(levels, (11, 8, 8, 1)), np.broadcast_to(levels + 5, (11, 8, 8, 1))
    pixels = np.asarray(draw_pairs(originals, made, [0.01] * 11, title="a model", foot="an error"))
    places = []
    for level in levels.flatten().tolist():
        (top, left), (below, under) = (
            np.argwhere((pixels == wanted).all(-1)).min(0).tolist() for wanted in (level, level + 5)
        )
        assert ((pixels == level).all(-1)).sum() == 64 * 64
        assert (below - top, under) == (66, left)
        places.append((top, left))
    assert len({top for top, _ in places}) == 2  # eight in a line
    assert places == sorted(places)


def test_a_picture_of_a_folder(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(5):
        Image.new("L", (30, 20), 40 * i).save(folder / f"{i}.png")
    out = tmp_path / "r.png"
    result = cli(
        "reconstruct", write_model(), "--dataset", folder, "--num", 3, "--out", out, "--format", "json"
    )
    assert result.exit_code == 0, result.stderr
    images = json.loads(result.stdout)["images"]
    assert [image["file"] for image in images] == [f"{image['row']}.png" for image in images]
    assert len({image["row"] for image in images}) == 3
    assert Image.open(out).width > 3 * 64
    before = out.read_bytes()
    again = cli("reconstruct", write_model(), "--dataset", folder, "--num", 3, "--out", out, "--overwrite")
    assert again.stdout == f"{out}\n"
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--out", "r.jpg"], "r.jpg: reconstructions are written to .npz or .png"),
        (["--out", "r.png", "--rows", "20"], "has images 0 to 19"),
        (["--out", "r.png", "--rows", "a"], "--rows: 'a' is no whole number"),
        (["--out", "r.png", "--rows", "-1"], "--rows"),
        (["--out", "r.png", "--rows", "1", "--num", "3"], "--rows and --num"),
        (["--out", "r.png", "--num", "0"], "--num"),
        (["--out", "data.npz"], "data.npz"),
    ],
)
def test_refusals(
    cli: Cli,
    write_model: WriteModel,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(data.parent)
    result = cli("reconstruct", write_model(), "--dataset", data, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert reason in result.stderr
    assert not Path("r.png").exists()


def test_images_of_another_shape(cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path) -> None:
    result = cli("reconstruct", write_model(side=16), "--dataset", data, "--out", tmp_path / "r.png")
    assert result.exit_code == 2
    assert "data has images of 8x8, not 16x16" in result.stderr


def test_a_model_without_an_encoder(write_model: WriteModel, data: Path) -> None:
    model = load_model(write_model())

    class Generator(type(model)):  # type: ignore[misc]
        def encode(self, images: Tensor) -> Tensor:
            raise NotImplementedError

    with pytest.raises(UsageError, match="no encoder"):
        dcr.reconstruct(Generator(model.checkpoint), str(data))


def test_from_python(write_model: WriteModel, data: Path, tmp_path: Path) -> None:
    found = dcr.reconstruct(write_model(), data, num=5, seed=1)
    assert found.images.shape == found.originals.shape == (5, 8, 8, 1)
    assert found.error == pytest.approx(found.errors.mean())
    assert "5 images of data" in repr(found)
    assert found._repr_png_().startswith(b"\x89PNG")
    assert len(dcr.reconstruct(write_model(), data, num=100).rows) == 20
    assert found.save(tmp_path / "deep" / "r.png").is_file()
    with pytest.raises(UsageError, match="rows names no image"):
        dcr.reconstruct(write_model(), data, rows=[])

"""Images of every size: which networks a run gets for them, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.config import AUTO
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models import load_model
from disentangle_cli.networks.stages import SIDES
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.training import Run, configure, train_together
from disentangle_cli.training.pool import raise_failures
from disentangle_cli.training.run import prepare
from tests.training.conftest import train

SHORT = ["batch_size=2", "iterations=2", "log.images_every=0", "log.score_every=0"]
EVERY = "28x28, 32x32, 48x48, 64x64, 96x96, 128x128 or 256x256"


def pixels(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def folder(path: Path, side: int) -> Path:
    """Four colour pictures."""
    path.mkdir()
    for number, image in enumerate(pixels(4, side, side, 3)):
        Image.fromarray(image).save(path / f"{number}.png")
    return path


def arrays(path: Path, *shape: int) -> Path:
    np.savez(path, images=pixels(4, *shape))
    return path


def request(model: str, dataset: Path, out: Path, *sets: str, **options: object) -> Run:
    contrastive = ["contrastive.weight.every=1"] if model == "infogan-cr" else []
    config = configure(model, "demo", sets=[*SHORT, *contrastive, *sets])
    return Run(model, config, str(dataset), out=out, device="cpu", precision="fp32", **options)


@pytest.mark.parametrize("model", ["infogan-cr", "beta-vae"])
@pytest.mark.parametrize("size", [28, 32, 96, 128, 256])
def test_folders_in_colour_and_grey_arrays_of_a_size(size: int, model: str, tmp_path: Path) -> None:
    for dataset in (folder(tmp_path / "mine", 40), arrays(tmp_path / "mine.npz", size, size)):
        run = request(model, dataset, tmp_path, f"data.size={size}", overwrite=True)
        trained = load_model(train(run))
        channels = 3 if dataset.is_dir() else 1
        assert trained.image_shape == (channels, size, size)
        images = trained.generate(trained.sample_latents(3))
        assert images.shape == (3, channels, size, size)
        assert trained.encode(images).shape == (3, trained.latents.num_codes)
        assert load_checkpoint(run.checkpoint).config["architecture"]["name"] in ("infogan", "study")
        assert "architecture: auto" not in (run.folder / "config.yaml").read_text()


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (48, 3), (128, 3)])
def test_the_default_preset_at_other_sizes(size: int, channels: int, tmp_path: Path) -> None:
    """With its warm start, which takes the networks apart."""
    shape = (size, size) if channels == 1 else (channels, size, size)
    config = configure("infogan-cr", iterations=12, sets=["batch_size=2"])
    dataset = arrays(tmp_path / "mine.npz", *shape)
    trained = load_model(train(Run("infogan-cr", config, str(dataset), out=tmp_path, device="cpu")))
    assert trained.generate(trained.sample_latents(2)).shape == (2, channels, size, size)


@pytest.mark.parametrize("model", MODELS.names())
def test_every_model_has_networks_for_every_size(model: str) -> None:
    fast = configure(model, "fast")
    by_size = fast.model_copy(update={"architecture": AUTO})
    for size in SIDES:
        name = MODELS.get(model).fitted(by_size, size, size).architecture
        assert ARCHITECTURES.get(name)().makes(size, size)
        assert (size == 64) == name.endswith("-64")
        MODELS.get(model).fitted(fast, size, size)


def test_the_presets_networks_win_over_the_size() -> None:
    celeba, paper = configure("infogan-cr", "celeba"), configure("factor-vae", "paper")
    assert MODELS.get("infogan-cr").fitted(celeba, 32, 32).architecture == "infogan-32"
    assert MODELS.get("factor-vae").fitted(paper, 64, 64).architecture == "factor-vae-64"
    with pytest.raises(
        UsageError, match=r"^images of 28x28, but infogan-32 makes 32x32 and infogan such \(--set "
    ):
        MODELS.get("infogan-cr").fitted(celeba, 28, 28)


def test_networks_by_size_are_the_networks_by_name(squares: Path, tmp_path: Path) -> None:
    """What an earlier dcr wrote, whose configurations name them, is the same run and is gone on with."""
    named = request("infogan-cr", squares, tmp_path, "architecture=infogan-64", name="one", resume=True)
    by_size = request("infogan-cr", squares, tmp_path, name="one", resume=True)
    written = train(named).read_bytes()
    assert train(by_size).read_bytes() == written
    other = load_checkpoint(train(request("infogan-cr", squares, tmp_path, name="other")))
    assert other.content_hash() == load_checkpoint(named.checkpoint).content_hash()
    assert other.config == load_checkpoint(named.checkpoint).config


@pytest.mark.parametrize("model", ["infogan-cr", "vae"])
def test_sizes_that_cannot_be(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with those that can; of a folder no picture is read for it."""
    more = " and mlp any size" if model == "vae" else ";"
    named = "study-64" if model == "vae" else "infogan-64"
    odd, flat = arrays(tmp_path / "odd.npz", 100, 100), arrays(tmp_path / "flat.npz", 64, 48)
    with pytest.raises(UsageError, match=f"odd.npz: images of 100x100, but .* {EVERY}{more}"):
        prepare(request(model, odd, tmp_path))
    with pytest.raises(UsageError, match=f"flat.npz: images of 64x48, but .* {EVERY};"):
        prepare(request(model, flat, tmp_path))
    with pytest.raises(UsageError, match=f"odd.npz: images of 100x100, but {named} makes 64x64"):
        prepare(request(model, odd, tmp_path, f"architecture={named}"))
    pictures = folder(tmp_path / "mine", 30)
    monkeypatch.setattr("disentangle_cli.training.run.open_dataset", lambda *_, **__: pytest.fail("was read"))
    for dataset in (pictures, odd):
        with pytest.raises(
            UsageError, match=f"data.size=100: images of 100x100, but .* {EVERY}{more}"
        ) as said:
            prepare(request(model, dataset, tmp_path, "data.size=100"))
        assert "\n" not in str(said.value)


def test_a_stack_of_another_size_and_a_pool_of_two_sizes(tmp_path: Path) -> None:
    small = arrays(tmp_path / "small.npz", 3, 28, 28)
    runs = [request("infogan-cr", small, tmp_path, seed=seed) for seed in range(2)]
    raise_failures(train_together(runs, []))
    paths = [run.checkpoint for run in runs]
    assert len(load_pool(paths)) == 2
    large = arrays(tmp_path / "large.npz", 3, 48, 48)
    paths.append(train(request("beta-vae", large, tmp_path)))
    with pytest.raises(UsageError, match=r"of different image sizes .* makes 28x28 .* makes 48x48") as said:
        load_pool(paths)
    assert "\n" not in str(said.value)

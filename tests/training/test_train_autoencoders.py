"""Every autoencoder through the training run itself, in this process: checkpoint, loading, resuming."""

from pathlib import Path

import pytest
import torch

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import Interrupted
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models import Model, load_model
from disentangle_cli.training import Run, configure
from tests.modelling.stepping import step
from tests.training.conftest import train

VAES = ["vae", "beta-vae", "annealed-vae", "factor-vae", "beta-tcvae", "dip-vae-i", "dip-vae-ii"]
ITERATIONS = 12


def request(model: str, dots: str, out: Path, *sets: str, **options: object) -> Run:
    tiny = ["architecture=mlp", "batch_size=12", "log.every=1"]
    if model == "factor-vae":
        tiny.append("discriminator.width=16")
    config = configure(model, "demo", iterations=ITERATIONS, sets=[*tiny, *sets])
    return Run(model, config, dots, out=out, device="cpu", precision="fp32", **options)


def column(run: Run, name: str) -> list[float]:
    header, *rows = (line.split(",") for line in (run.folder / "log.csv").read_text().splitlines())
    return [float(row[header.index(name)]) for row in rows]


@pytest.mark.parametrize("model", [*VAES, "ql-ae"])
def test_trains_loads_and_resumes_bit_identically(model: str, dots: str, tmp_path: Path) -> None:
    whole = request(model, dots, tmp_path, name="whole")
    loaded = load_model(train(whole))
    assert isinstance(loaded, Model)
    assert loaded.name == model
    losses = column(whole, "reconstruction")
    assert losses[-1] < losses[0]
    images = torch.rand(5, 1, 8, 8)
    codes = loaded.encode(images)
    assert codes.shape == (5, 10)
    reconstruction = loaded.generate(codes)
    assert reconstruction.shape == images.shape
    assert 0 <= reconstruction.min() <= reconstruction.max() <= 1
    posterior = loaded.posterior(images)
    if model == "ql-ae":
        assert posterior is None
        assert torch.equal(loaded.generate(loaded.latents.nearest(codes)), reconstruction)
        assert loaded.latents[0].kind == "grid"
    else:
        mean, logvar = posterior
        assert torch.equal(mean, codes)
        assert logvar.shape == (5, 10)
        raw = load_checkpoint(whole.checkpoint).encoder
        assert len(raw["3.bias"]) == 20
        assert loaded.latents[0].to_json() == {
            "name": "codes", "kind": "normal", "dim": 10, "code": True, "mean": 0.0, "std": 1.0,
        }  # fmt: skip
    with pytest.raises(Interrupted):
        train(request(model, dots, tmp_path, name="cut", deadline=0.0))
    cut = load_checkpoint(train(request(model, dots, tmp_path, name="cut", resume=True)))
    assert cut.content_hash() == load_checkpoint(whole.checkpoint).content_hash()


def test_factor_vae_of_the_paper_resumes_bit_identically(dots: str, tmp_path: Path) -> None:
    fresh = "discriminator.fresh=true"
    whole = load_checkpoint(train(request("factor-vae", dots, tmp_path, fresh, name="whole")))
    with pytest.raises(Interrupted):
        train(request("factor-vae", dots, tmp_path, fresh, name="cut", deadline=0.0))
    cut = load_checkpoint(train(request("factor-vae", dots, tmp_path, fresh, name="cut", resume=True)))
    assert cut.content_hash() == whole.content_hash()


def test_paper_preset_is_the_official_factor_vae() -> None:
    paper = configure("factor-vae", "paper")
    assert (paper.architecture, paper.iterations, paper.batch_size) == ("factor-vae-64", 311_040, 64)
    assert (paper.gamma, paper.discriminator.hidden, paper.discriminator.fresh) == (40.0, 5, True)
    assert (paper.optim.rate, paper.optim.beta1, paper.discriminator.beta1) == (1e-4, 0.9, 0.5)
    assert configure("factor-vae", "paper", sets=["gamma=10"]).gamma == 10.0


@pytest.mark.parametrize("model", VAES)
def test_study_presets_share_the_studys_training(model: str) -> None:
    study = configure(model, "study")
    assert MODELS.get(model).fitted(study, 64, 64).architecture == "study-64"
    assert (study.iterations, study.batch_size) == (300_000, 64)
    assert study.latents.codes.dim == 10
    assert (study.optim.rate, study.optim.beta1, study.optim.beta2) == (1e-4, 0.9, 0.999)
    assert (study.optim.weight_decay, study.optim.decay_from) == (0.0, 1.0)


@pytest.mark.parametrize("architecture", ["study-64", "factor-vae-64"])
def test_bf16_step_on_real_networks(architecture: str) -> None:
    """One step in bfloat16 gives the loss of float32 up to its rounding, and float32 weights."""
    config = configure("factor-vae", "demo", sets=[f"architecture={architecture}", "batch_size=4"])
    images = (torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0)) > 0.9).float()
    losses = []
    for bf16 in (False, True):
        model = MODELS.get("factor-vae")(config, (1, 64, 64), 0, torch.device("cpu"), bf16)
        losses.append(float(step(model, images, 0)["loss"]))
        decoder, encoder = model.weights()
        assert all(value.dtype is torch.float32 for value in [*decoder.values(), *encoder.values()])
    assert losses[1] == pytest.approx(losses[0], rel=5e-3)

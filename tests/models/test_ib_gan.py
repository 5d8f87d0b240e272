"""IB-GAN: the bottleneck inside the generator, and what its checkpoint computes."""

from pathlib import Path

import pytest
import torch

from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models import load_model
from disentangle_cli.networks.layers import fold_spectral_norm
from disentangle_cli.training import configure
from tests.modelling.stepping import step


def make(*sets: str):
    config = configure("ib-gan", "demo", sets=["batch_size=4", *sets])
    return MODELS.get("ib-gan")(config, (1, 64, 64), 0, torch.device("cpu"), False)


def images(model) -> torch.Tensor:
    return (torch.rand(4, 1, 64, 64, generator=model.rng) > 0.9).float()


def test_both_bounds_reach_the_stochastic_layer() -> None:
    """With everything but beta off, a G step lowers the KL; the term is the closed form of e(r|z)."""
    model = make("info.weight=0", "beta=1000", "optim.generator=1e-2")
    engine = LoneEngine(model)
    z = model.draw(4, engine)
    with torch.no_grad():
        for layer in model.embedding.parameters():
            layer.normal_(0, 0.5, generator=model.rng)
        mean, logvar = model.embedding(z)
        before = float((mean**2 + logvar.exp() - logvar - 1).sum(1).mean() / 2)
    term, _ = model.generator_term(model.fake(z, 1, engine), None, False, engine)
    assert float(term.detach()) == pytest.approx(1000 * before, rel=1e-5)
    for i in range(3):
        scalars = step(model, images(model), i)
    assert float(model.fake(z, 1, engine).kl.detach()) < before
    assert {"g/kl", "g/info", "d/info"} <= scalars.keys()
    assert all(value.isfinite() for value in scalars.values())


def test_q_recovers_the_input_and_not_the_latents() -> None:
    model = make()
    engine = LoneEngine(model)
    z = model.draw(4, engine)
    assert torch.equal(model.codes_of(z), z)
    assert z.shape == (4, 16)
    assert model.discriminator(images(model)).shape == (4, 16)
    assert model.fake(z, 1, engine).images.shape == (4, 1, 64, 64)


def test_checkpoint_goes_through_z(tmp_path: Path) -> None:
    model = make()
    for i in range(2):
        step(model, images(model), i)
    generator, encoder = model.weights()
    config = {"architecture": {"name": "ib-gan-64"}, "generator_output": "images", "encoder_output": "codes"}
    path = tmp_path / "ib.pt"
    save_checkpoint(path, Checkpoint("ib-gan", config, (1, 64, 64), model.latents, generator, encoder))
    loaded = load_model(path)
    x = images(model)
    model.discriminator.load_state_dict(fold_spectral_norm(model.discriminator), strict=False)
    for layer in model.discriminator.modules():
        layer.spectral = False  # the weights are divided by sigma now
    expected = model.embedding(model.discriminator(x))[0]
    torch.testing.assert_close(loaded.encode(x), expected.detach(), rtol=1e-4, atol=1e-6)
    assert loaded.generate(loaded.sample_latents(3)).shape == (3, 1, 64, 64)
    assert loaded.latents.dim == loaded.latents.num_codes == 10


@pytest.mark.parametrize(
    "bad", ["latents.codes.kind=uniform", "latents.noise.dim=2", "architecture=infogan-64"]
)
def test_settings_that_do_not_fit_are_refused(bad: str) -> None:
    with pytest.raises(UsageError, match=r"ib-gan"):
        make(bad)

"""FactorVAE's two players: who moves whom, and by which gradient."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.factor_vae import Judged, column_orders
from tests.modelling.stepping import step

GAMMA, RATE = 10.0, 1e-2


def make(fresh: bool = False):
    model = MODELS.get("factor-vae")
    config = model.Config.model_validate(
        {
            "architecture": "mlp", "iterations": 10, "batch_size": 6, "gamma": GAMMA, "optim": {"rate": RATE},
            "latents": {"codes": {"kind": "normal", "dim": 3}},
            "discriminator": {"hidden": 2, "width": 16, "rate": RATE, "fresh": fresh},
        }
    )  # fmt: skip
    ours = model(config, (1, 8, 8), 0, torch.device("cpu"), False)
    for net in ours.players.values():
        net.double()  # Adam's first steps amplify rounding
    return ours


def images() -> Tensor:
    return (torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.5).double()


def test_permuting_keeps_marginals_and_breaks_dependence() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(4000, 1, generator=rng).expand(-1, 3) + 0.1 * torch.randn(4000, 3, generator=rng)
    permuted = x.gather(0, column_orders(x.shape, rng))
    assert torch.equal(permuted.sort(0).values, x.sort(0).values)
    assert torch.corrcoef(x.T)[0, 1] > 0.9
    assert torch.corrcoef(permuted.T).fill_diagonal_(0).abs().max() < 0.06


def test_discriminator_loss_has_no_gradient_in_the_encoder() -> None:
    ours = make()
    engine = LoneEngine(ours)
    _, penalty = ours.bottleneck(ours.encode(images()), None, engine)
    ours.optimisers["autoencoder"].zero_grad()
    ours.end(images(), penalty, engine)
    assert all(p.grad is None for p in [*ours.encoder.parameters(), *ours.decoder.parameters()])
    assert all(p.grad is not None for p in ours.discriminator.parameters())
    # and the other way round: the encoder's loss leaves the discriminator alone
    ours.optimisers["discriminator"].zero_grad()
    ours.bottleneck(ours.encode(images()), None, engine)[1].value.backward()
    assert all(p.grad is None for p in ours.discriminator.parameters())
    assert all(p.grad is not None for p in ours.encoder.parameters())
    assert penalty.value.isfinite()


@pytest.mark.parametrize("fresh", [False, True])
def test_iteration_equals_the_plain_one(fresh: bool) -> None:
    """Three iterations against the order of the formulas, every pass recomputed on deep copies."""
    ours = make(fresh)
    encoder, decoder, judge = (copy.deepcopy(net) for net in ours.players.values())
    both = [*encoder.parameters(), *decoder.parameters()]
    adam_vae = torch.optim.Adam(both, lr=RATE, betas=(0.9, 0.999))
    adam_judge = torch.optim.Adam(judge.parameters(), lr=RATE, betas=(0.5, 0.9))
    twin = torch.Generator()
    twin.set_state(ours.rng.get_state())

    def sample() -> tuple[Tensor, Tensor, Tensor]:
        mean, logvar = encoder(images()).chunk(2, 1)
        noise = torch.randn(mean.shape, generator=twin).double()
        return mean, logvar, mean + (logvar / 2).exp() * noise

    for iteration in range(3):
        scalars = step(ours, images(), iteration)
        mean, logvar, z = sample()
        logits = judge(z)
        reconstruction = F.binary_cross_entropy_with_logits(decoder(z), images(), reduction="none").sum(
            (1, 2, 3)
        )
        kl = (mean**2 + logvar.exp() - logvar - 1).sum(1) / 2
        loss = (reconstruction + kl + GAMMA * (logits[:, 0] - logits[:, 1])).mean()
        for p, gradient in zip(both, torch.autograd.grad(loss, both), strict=True):
            p.grad = gradient
        adam_vae.step()
        z = (sample()[2] if fresh else z).detach()
        permuted = z.gather(0, torch.rand(z.shape, generator=twin).argsort(0))
        first, second = judge(z).softmax(1)[:, 0], judge(permuted).softmax(1)[:, 1]
        judge_loss = -(first.log().mean() + second.log().mean()) / 2
        adam_judge.zero_grad()
        judge_loss.backward()
        adam_judge.step()
        assert float(scalars["loss"]) == pytest.approx(float(loss.detach()), rel=1e-9)
        assert float(scalars["discriminator/loss"]) == pytest.approx(float(judge_loss.detach()), rel=1e-9)
    for plain, net in zip((encoder, decoder, judge), ours.players.values(), strict=True):
        for expected, found in zip(plain.parameters(), net.parameters(), strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_discriminator_learns_the_log_density_ratio() -> None:
    """On correlated Gaussian samples the mean logit difference approaches their total correlation."""
    ours = make()
    for net in ours.players.values():
        net.float()
    rng = torch.Generator().manual_seed(0)
    covariance = torch.tensor([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])
    root = torch.linalg.cholesky(covariance)
    expected = float(-torch.logdet(covariance) / 2)  # 0.51 nats
    found = []
    for iteration in range(300):
        z = torch.randn(256, 3, generator=rng) @ root.T
        logits = ours.judge(z)
        if iteration >= 200:
            found.append((logits[:, 0] - logits[:, 1]).mean().item())
        ours.end(images(), Judged(torch.zeros(()), {}, z, logits), LoneEngine(ours))
    assert sum(found) / len(found) == pytest.approx(expected, abs=0.15)

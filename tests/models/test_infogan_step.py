"""The training iteration against a plain one: every pass recomputed, every gradient taken, no sharing."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.infogan_cr import draw_pair
from tests.modelling.stepping import step

BATCH = 8
LATENTS = {"codes": {"dim": 3}, "noise": {"dim": 2}}


def make(**settings: object):
    model = MODELS.get("infogan-cr")
    base = {"architecture": "infogan-64", "iterations": 10, "batch_size": BATCH, "latents": LATENTS}
    config = model.Config.model_validate(base | settings)
    return model(config, (1, 64, 64), 3, torch.device("cpu"), False)


def make_double(**settings: object):
    """In float64, where the order of sums does not show (Adam's first steps amplify rounding)."""
    ours = make(**settings)
    for net in ours.players.values():
        net.double()
    generate = ours.generate
    ours.generate = lambda latents, counted=1: generate(latents.double(), counted)
    return ours


class Plain:
    """The official order of one iteration, written out on deep copies of a model's networks."""

    def __init__(self, ours) -> None:
        self.config = ours.config
        self.latents = ours.latents
        self.g, self.d, self.h = (
            copy.deepcopy(ours.players[name]) for name in ("generator", "discriminator", "contrastive")
        )
        rates = (1e-3, 2e-3, 2e-3)
        self.adam = {
            net: torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999))
            for net, lr in zip((self.g, self.d, self.h), rates, strict=True)
        }

    def step(self, real: Tensor, latents: Tensor, pair: tuple[Tensor, Tensor], label: Tensor, weight: float):
        codes = latents[:, :3]

        def contrastive() -> Tensor:
            images = torch.cat([self.g(pair[0]), self.g(pair[1])], 1)
            return F.cross_entropy(self.h(images), label)

        def info(fake: Tensor) -> Tensor:
            estimates = self.d(fake)
            log_likelihood = -((codes - estimates) ** 2) / 2 - math.log(2 * math.pi) / 2
            return -log_likelihood.sum(1).mean()

        def probability(images: Tensor) -> Tensor:
            return self.d.realness(self.d.trunk(images)).sigmoid()

        def update(net: nn.Module, loss: Tensor) -> None:
            for other in (self.g, self.d, self.h):
                other.zero_grad()
            loss.backward()
            self.adam[net].step()

        if weight > 0:
            update(self.h, contrastive())
        fake = self.g(latents)
        loss = -(probability(real) + 1e-8).log().mean() - (1 - probability(fake) + 1e-8).log().mean()
        update(self.d, loss + self.config.info.weight * info(fake))
        for _ in range(2):
            fake = self.g(latents)
            loss = -(probability(fake) + 1e-8).log().mean() + self.config.info.weight * info(fake)
            update(self.g, loss + weight * contrastive() if weight > 0 else loss)
        for net in (self.d, self.h):
            store_u(net)


def store_u(net: nn.Module) -> None:
    """u <- l2(v W) with v = l2(u W^T), for W as a (rest, out) matrix."""
    with torch.no_grad():
        for layer in net.modules():
            if getattr(layer, "spectral", False):
                w = layer.weight.reshape(len(layer.weight), -1).T
                v = layer.u @ w.T
                v = v / (v.norm() + 1e-12)
                u = v @ w
                layer.u.copy_(u / (u.norm() + 1e-12))


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_iteration_equals_the_plain_one(weight: float) -> None:
    ours = make_double(contrastive={"weight": {"start": weight}})
    plain = Plain(ours)
    data = torch.Generator().manual_seed(0)
    for iteration in range(3):
        real = (torch.rand(BATCH, 1, 64, 64, generator=data) > 0.9).double()
        twin = torch.Generator()
        twin.set_state(ours.rng.get_state())
        latents = ours.latents.sample(BATCH, twin).double()
        first, second, label = draw_pair(ours.latents, BATCH, 0.0, 3, twin)
        scalars = step(ours, real, iteration)
        plain.step(real, latents, (first.double(), second.double()), label, weight)
        assert all(value.isfinite() for value in scalars.values())
    for name, net in (("generator", plain.g), ("discriminator", plain.d), ("contrastive", plain.h)):
        for key, value in net.state_dict().items():
            # moving statistics are those of the same passes in another order
            if "running" not in key and not key.endswith("num_batches_tracked"):
                found = ours.players[name].state_dict()[key]
                torch.testing.assert_close(found, value, rtol=0, atol=1e-8, msg=f"{name} {key}")


def test_moving_statistics_move_nine_times_with_the_regulariser() -> None:
    ours = make(contrastive={"weight": {"start": 1.0}}, optim={"generator": 1e-12})
    layer = next(m for m in ours.generator.modules() if isinstance(m, nn.BatchNorm1d))
    layer.running_var.zero_()
    step(ours, torch.zeros(BATCH, 1, 64, 64), 0)
    # with (almost) constant weights and similar batches: var -> (1 - 0.9^9) * batch variance
    reached = layer.running_var.clone()
    layer.running_var.zero_()
    with torch.no_grad():
        for _ in range(9):
            ours.generator(ours.latents.sample(BATCH * 50, ours.rng))
    ratio = (reached / layer.running_var)[layer.running_var > 0].median()
    assert ratio == pytest.approx(1.0, abs=0.25)


def test_information_loss_of_silent_q() -> None:
    ours = make()
    codes = torch.rand(200_000, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1
    loss, _ = ours.info_loss(torch.zeros_like(codes), codes, 3)
    assert float(loss) == pytest.approx(3 * (math.log(2 * math.pi) / 2 + 1 / 6), abs=5e-3)
    loss, _ = ours.info_loss(torch.zeros_like(codes), codes, 2)
    assert float(loss) == pytest.approx(2 * (math.log(2 * math.pi) / 2 + 1 / 6), abs=5e-3)

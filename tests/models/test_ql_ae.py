"""Quantised latents: rounding, its gradient, and grids as codes of a GAN."""

import pytest
import torch

from disentangle_cli.latents import Block, Latents
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.infogan_cr import draw_pair
from disentangle_cli.training import configure
from tests.modelling.stepping import step

VALUES = (-1.0, 0.0, 2.0)
GRID = {"kind": "grid", "dim": 2, "values": list(VALUES)}


def make(**settings: object):
    model = MODELS.get("ql-ae")
    base = {"architecture": "mlp", "iterations": 10, "batch_size": 4, "latents": {"codes": GRID}}
    return model(model.Config.model_validate(base | settings), (1, 8, 8), 0, torch.device("cpu"), False)


def test_nearest_value_and_other_kinds_untouched() -> None:
    latents = Latents([Block("c", "grid", 2, True, values=VALUES), Block("z", "normal", 1, False)])
    x = torch.tensor([[-7.0, -0.4, 0.3], [0.9, 1.1, -5.0], [40.0, -0.6, 1.0]])
    assert latents.nearest(x).tolist() == [
        [-1.0, 0.0, pytest.approx(0.3)], [0.0, 2.0, -5.0], [2.0, -1.0, 1.0],
    ]  # fmt: skip
    drawn = latents.sample(100, torch.Generator().manual_seed(0))
    assert torch.equal(latents.nearest(drawn), drawn)


def test_gradient_goes_straight_through_the_rounding() -> None:
    model = make(commitment=0.0)
    encoded = torch.tensor([[0.4, 1.7], [-3.0, 0.9]], requires_grad=True)
    rounded, penalty = model.bottleneck(encoded, None, LoneEngine(model))
    assert rounded.tolist() == [[0.0, 2.0], [-1.0, 0.0]]
    slope = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    ((rounded * slope).sum() + penalty.value).backward()
    assert torch.equal(encoded.grad, slope)


def test_commitment_pulls_towards_the_nearest_value() -> None:
    model = make(commitment=3.0)
    encoded = torch.tensor([[0.4, 1.7], [-3.0, 0.5]], requires_grad=True)
    _, penalty = model.bottleneck(encoded, None, LoneEngine(model))
    assert penalty.value.item() == pytest.approx(3 * (0.16 + 0.09 + 4 + 0.25) / 2)
    penalty.value.backward()
    expected = 3 * torch.tensor([[0.4, -0.3], [-2.0, 0.5]])  # 3 * 2 (e - nearest) / 2
    torch.testing.assert_close(encoded.grad, expected)


def test_weight_decay_is_decoupled() -> None:
    model = make(optim={"rate": 1e-2, "weight_decay": 0.5})
    plain = make(optim={"rate": 1e-2})
    start = [p.detach().clone() for p in model.decoder.parameters()]
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for each in (model, plain):
        step(each, images, 0)
    for p0, with_decay, without in zip(
        start, model.decoder.parameters(), plain.decoder.parameters(), strict=True
    ):
        torch.testing.assert_close(with_decay, without - 1e-2 * 0.5 * p0, rtol=0, atol=1e-6)


def test_grid_codes_of_infogan_cr() -> None:
    preset = configure("infogan-cr", "grid", sets=["batch_size=2", "contrastive.weight.start=1.0"])
    model = MODELS.get("infogan-cr")(preset, (1, 64, 64), 0, torch.device("cpu"), False)
    scalars = step(model, (torch.rand(2, 1, 64, 64, generator=model.rng) > 0.9).float(), 0)
    assert all(value.isfinite() for value in scalars.values())
    assert {"g/contrastive", "h/loss", "d/info"} <= scalars.keys()
    gap = preset.contrastive.gap.at(0)
    first, second, label = draw_pair(model.latents, 500, gap, 5, torch.Generator().manual_seed(0))
    same = (first == second)[:, :5]
    assert torch.equal(same, torch.nn.functional.one_hot(label, 5).bool())  # exactly one shared code
    values = torch.tensor(preset.latents.codes.values)
    assert torch.isin(first[:, :5], values).all()
    assert torch.isin(second[:, :5], values).all()


def test_any_infogan_preset_takes_a_grid() -> None:
    values = "latents.codes.values=[-1, -0.5, 0, 0.5, 1]"
    config = configure("infogan-cr", "fast", sets=["latents.codes.kind=grid", values])
    assert config.latents.latents().columns[0].values == (-1.0, -0.5, 0.0, 0.5, 1.0)

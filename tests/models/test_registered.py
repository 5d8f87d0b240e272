"""What holds for every model that is registered."""

from typing import Any

import pytest
import torch
from torch import Tensor

from disentangle_cli.modelling.engines import engine_for
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS, Trainable
from disentangle_cli.training import configure
from tests.modelling.test_stack_engine import copied, tensors

BATCH = 4


def make(name: str, seed: int = 0) -> Trainable[Any]:
    config = configure(name, "demo", sets=[f"batch_size={BATCH}"])
    return MODELS.get(name)(config, (1, 64, 64), seed, torch.device("cpu"), False)


def batches(model: Trainable[Any], seeds: int = 1) -> Tensor:
    """Three of them."""
    rng = torch.Generator().manual_seed(0)
    return (torch.rand(3, seeds, BATCH, *model.image_shape, generator=rng) > 0.9).float()


def assert_equal(a: Trainable[Any], b: Trainable[Any]) -> None:
    mine, other = tensors(a.state()), tensors(b.state())
    assert mine.keys() == other.keys()
    assert all(torch.equal(value, other[key]) for key, value in mine.items())
    for mine, other in zip(a.weights(), b.weights(), strict=True):
        assert all(torch.equal(value, other[key]) for key, value in mine.items())


@pytest.mark.parametrize("name", MODELS.names())
def test_it_goes_on_bit_for_bit_and_keeps_nothing_of_an_iteration(name: str) -> None:
    whole, again = LoneEngine(make(name)), LoneEngine(make(name, seed=1))
    attributes = {key: id(value) for key, value in vars(whole.model).items()}
    for iteration, images in enumerate(batches(whole.model)):
        if iteration == 2:
            again.model.restore(copied(whole.model.state()))
            again.step(images, iteration)
        scalars = whole.step(images, iteration)
    assert scalars
    assert all(value.isfinite().all() for value in scalars.values())
    assert_equal(whole.model, again.model)
    assert attributes == {key: id(value) for key, value in vars(whole.model).items()}
    assert whole.model.prepare(2) == whole.model.prepare(2)


@pytest.mark.parametrize("name", [name for name in MODELS.names() if MODELS.get(name).stackable])
def test_in_a_stack_it_is_what_it_is_alone(name: str) -> None:
    lone = [LoneEngine(make(name, seed)) for seed in range(2)]
    members = [make(name, seed) for seed in range(2)]
    stack = engine_for(members, compiled=False)
    for iteration, images in enumerate(batches(lone[0].model, 2)):
        stack.step(images, iteration)
        for engine, own in zip(lone, images, strict=True):
            engine.step(own[None], iteration)
    for engine, member in zip(lone, members, strict=True):
        assert_equal(engine.model, member)

"""Many seeds against lone models: the same numbers, side by side and by batched kernels."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.stack_engine import StackEngine
from disentangle_cli.modelling.trainable import MODELS, Trainable
from disentangle_cli.models.infogan import InfoGan
from tests.modelling.stepping import in_double
from tests.models.tiny_gan import TinyGan

BATCH = 4
CHANGING: dict[str, Any] = {
    "optim": {"average": 0.9, "decay_from": 0.5},
    "info": {"codes": {"start": 2, "step": 1, "every": 3, "times": 1}},
    "contrastive": {
        "weight": {"start": 0.0, "step": 2.0, "every": 20, "times": 1},
        "gap": {"start": 1.0, "step": -0.5, "every": 15, "times": 2},
    },
}
"""Every schedule moves: weight at 20, gap at 15 and 30, codes at 3, learning rates from half on."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES._entries, "tiny-gan", TinyGan)


def make(
    seed: int, name: str = "infogan-cr", channels: int = 1, bf16: bool = False, **settings: Any
) -> InfoGan:
    base = {
        "architecture": "tiny-gan", "iterations": 50, "batch_size": BATCH,
        "latents": {"codes": {"dim": 5}, "noise": {"dim": 5}},  # odd sizes: seeds would lie unaligned
    }  # fmt: skip
    config = MODELS.get(name).Config.model_validate(base | settings)
    size = max(ARCHITECTURES.get(config.architecture)().sizes)
    made = MODELS.get(name)(config, (channels, size, size), seed, torch.device("cpu"), bf16)
    assert isinstance(made, InfoGan)
    return made


def alone(seed: int, name: str = "infogan-cr", **settings: Any) -> LoneEngine:
    return LoneEngine(make(seed, name, **settings))


Many = StackEngine | SideBySide


def stack(engines: Sequence[LoneEngine], batched: bool = True) -> Many:
    """One engine for what single engines trained so far."""
    return (StackEngine if batched else SideBySide)([engine.model for engine in engines])


def batches(seeds: int, shape: tuple[int, int, int], size: int = BATCH) -> Iterator[Tensor]:
    """Endless (S, B, C, H, W) of sparse binary images."""
    rng = torch.Generator().manual_seed(0)
    while True:
        yield (torch.rand(seeds, size, *shape, generator=rng) > 0.8).float()


def tensors(state: Any, path: str = "") -> dict[str, Tensor]:
    """All tensors of a nested state by their path."""
    if isinstance(state, Tensor):
        return {path: state}
    parts = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else ()
    return {k: v for key, part in parts for k, v in tensors(part, f"{path}/{key}").items()}


def largest_difference(a: Trainable[Any], b: Trainable[Any]) -> float:
    mine, other = tensors(a.state()), tensors(b.state())
    shared = mine.keys() & other.keys()  # a lone Adam has no state before its first step
    assert len(shared) > 50
    return max(float((mine[key].double() - other[key].double()).abs().max()) for key in shared)


def compared(lone: Sequence[LoneEngine], stacked: Many, iterations: range) -> float:
    """Train both; the largest difference of a logged scalar."""
    worst = 0.0
    first = lone[0].model
    data = batches(len(lone), first.image_shape, first.config.batch_size)
    for iteration, images in zip(iterations, data, strict=False):
        images = images.to(next(first.players["generator"].parameters()).dtype)
        alone = [engine.step(x[None], iteration) for engine, x in zip(lone, images, strict=True)]
        together = stacked.step(images, iteration)
        assert all(scalars.keys() == together.keys() for scalars in alone)
        for (key, values), i in itertools.product(together.items(), range(len(lone))):
            worst = max(worst, float((values.expand(len(lone))[i] - alone[i][key]).abs()))
    return worst


@pytest.mark.parametrize(
    ("name", "settings", "iterations"),
    [
        ("infogan-cr", CHANGING, 50),
        ("infogan-cr", {"contrastive": {"weight": {"start": 1.0}, "norm": "batch"}, "generator_steps": 1}, 6),
        ("infogan-cr", {"contrastive": {"always": True}}, 6),
        ("infogan-cr", {"conventions": "tensorflow", "contrastive": {"weight": {"start": 1.0}}}, 6),
        ("infogan", {"optim": {"average": 0.99}}, 12),
    ],
)
def test_seeds_side_by_side_are_those_of_lone_runs(
    name: str, settings: dict[str, Any], iterations: int
) -> None:
    lone = [alone(seed, name, **settings) for seed in range(3)]
    stacked = stack([alone(seed, name, **settings) for seed in range(3)], batched=False)
    assert compared(lone, stacked, range(iterations)) == 0
    assert [largest_difference(a.model, b) for a, b in zip(lone, stacked.members, strict=True)] == [0, 0, 0]
    assert largest_difference(lone[0].model, stacked.members[1]) > 0.01


@pytest.mark.parametrize(
    ("architecture", "channels", "bf16"),
    [("infogan-64", 1, False), ("infogan-64", 3, False), ("infogan-64", 1, True), ("infogan-32", 3, False)],
)
def test_the_architectures_of_the_paper(architecture: str, channels: int, bf16: bool) -> None:
    settings = {
        "architecture": architecture, "batch_size": 2, "generator_steps": 1,
        "contrastive": {"weight": {"start": 0.0, "step": 1.0, "every": 1, "times": 1}},
    }  # fmt: skip
    lone = [alone(seed, channels=channels, bf16=bf16, **settings) for seed in range(2)]
    seeds = [alone(seed, channels=channels, bf16=bf16, **settings) for seed in range(2)]
    stacked = stack(seeds, batched=False)
    assert compared(lone, stacked, range(2)) == 0
    assert [largest_difference(a.model, b) for a, b in zip(lone, stacked.members, strict=True)] == [0, 0]


@pytest.mark.parametrize(
    "settings",
    [
        CHANGING
        | {"iterations": 12, "contrastive": {"weight": {"start": 0, "step": 2, "every": 4, "times": 1}}},
        {"contrastive": {"weight": {"start": 1.0}, "norm": "batch"}},
        {"contrastive": {"always": True}, "conventions": "tensorflow"},
        {"architecture": "infogan-64", "batch_size": 2, "contrastive": {"weight": {"start": 1.0}}},
    ],
)
def test_batched_kernels_in_double_precision(settings: dict[str, Any]) -> None:
    """Rounding grows from step to step in a GAN, so that single precision would say little."""
    lone = [in_double(alone(seed, **settings)) for seed in range(2)]
    stacked = in_double(StackEngine([in_double(alone(seed, **settings)).model for seed in range(2)]))
    iterations = range(2 if "architecture" in settings else 8)
    assert compared(lone, stacked, iterations) < 1e-6
    assert max(largest_difference(a.model, b) for a, b in zip(lone, stacked.members, strict=True)) < 1e-6


@pytest.mark.parametrize(("bf16", "tolerance"), [(False, 1e-4), (True, 0.05)])
def test_batched_kernels_make_the_same_first_step(bf16: bool, tolerance: float) -> None:
    settings = {"bf16": bf16, "contrastive": {"weight": {"start": 1.0}}}
    lone, members = ([alone(seed, **settings) for seed in range(3)] for _ in "ab")
    assert compared(lone, stack(members), range(1)) < tolerance


@pytest.mark.parametrize("batched", [False, True])
def test_a_stack_is_restored_from_the_states_of_its_members(batched: bool) -> None:
    """The states go through a lone model; one of them may go on alone."""
    whole = stack([alone(seed, **CHANGING) for seed in range(2)], batched)
    data = list(itertools.islice(batches(2, (1, 8, 8)), 26))
    for iteration in range(24):
        whole.step(data[iteration], iteration)
    again = [alone(seed, **CHANGING) for seed in range(2)]
    for member, fresh in zip(whole.members, again, strict=True):
        fresh.model.restore({key: copied(value) for key, value in member.state().items()})
    single = alone(1, **CHANGING)
    single.model.restore({key: copied(value) for key, value in whole.members[1].state().items()})
    second = stack(again, batched)
    for iteration in (24, 25):
        whole.step(data[iteration], iteration)
        second.step(data[iteration], iteration)
        single.step(data[iteration][1:], iteration)
    for a, b in zip(whole.members, second.members, strict=True):
        assert largest_difference(a, b) == 0
    if not batched:
        assert largest_difference(whole.members[1], single.model) == 0


def test_a_smaller_stack_goes_on_with_the_others() -> None:
    lone = [in_double(alone(seed)) for seed in range(3)]
    stacked = in_double(StackEngine([in_double(alone(seed)).model for seed in range(3)]))
    compared(lone, stacked, range(3))
    smaller = in_double(StackEngine(stacked.members[::2]))
    assert compared(lone[::2], smaller, range(3, 6)) <= 1e-6


def test_fewer_seeds_side_by_side_go_on() -> None:
    lone, members = ([alone(seed) for seed in range(3)] for _ in "ab")
    together = stack(members, batched=False)
    compared(lone, together, range(3))
    assert compared(lone[::2], SideBySide(together.members[::2]), range(3, 6)) == 0


def test_side_by_side_models_may_differ() -> None:
    """In their settings, too, as each is what it is alone."""
    lone, members = ([alone(0), alone(1, optim={"generator": 1e-2})] for _ in "ab")
    assert compared(lone, stack(members, batched=False), range(4)) == 0


def test_a_seed_that_is_not_finite_leaves_the_others_alone() -> None:
    for batched in (False, True):
        stacked = stack([alone(seed, contrastive={"weight": {"start": 1.0}}) for seed in range(3)], batched)
        with torch.no_grad():
            next(stacked.members[1].players["generator"].parameters()).fill_(torch.nan)
        for iteration, images in zip(range(2), batches(3, (1, 8, 8)), strict=False):
            scalars = stacked.step(images, iteration)
        assert scalars["g/total"].isfinite().tolist() == [True, False, True]
        finite = [
            all(p.isfinite().all() for p in m.players["generator"].parameters()) for m in stacked.members
        ]
        assert finite == [True, False, True]


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list):
        return [copied(part) for part in value]
    return value.clone() if isinstance(value, Tensor) else value


def test_the_tiny_networks_have_every_kind_of_layer() -> None:
    """So that fifty iterations of them stand for the larger ones."""
    model = make(0, contrastive={"norm": "batch"})
    kinds = {type(layer).__name__ for net in model.players.values() for layer in net.modules()}
    assert {"Linear", "Conv", "TransposedConv", "BatchNorm1d", "BatchNorm2d", "LeakyReLU"} <= kinds
    assert any(isinstance(layer, nn.Sigmoid) for layer in model.generator.modules())

"""Compiled iterations against those by stock kernels: lone models and stacks."""

from functools import partial

import pytest
import torch

from disentangle_cli import output
from disentangle_cli.modelling.compiled import Compiler, can_compile, usable_compiler
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.stack_engine import StackEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training import configure
from tests.modelling.test_stack_engine import (
    CHANGING,
    alone,
    batches,
    compared,
    copied,
    largest_difference,
    make,
    tiny,
)

__all__ = ["tiny"]  # a fixture of those tests


def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor


def test_a_function_is_compiled_once_for_each_of_its_constants() -> None:
    compiler = Compiler("eager")
    twice, thrice = (compiler(partial(scaled, factor=factor)) for factor in (2.0, 3.0))
    assert [f(torch.ones(1)).item() for f in (twice, thrice)] == [2.0, 3.0]
    assert compiler(partial(scaled, factor=2.0)) is twice
    model, other = make(0), make(1)
    assert compiler(model.generate) is compiler(model.generate) is not compiler(other.generate)


def test_without_a_working_compiler_there_is_a_warning_and_stock_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("no C++ compiler\nmore about it")

    monkeypatch.setattr(torch, "compile", broken)
    can_compile.cache_clear()
    with output.kept_warnings() as warnings:  # one, however many runs ask
        assert [usable_compiler(torch.device("cpu")) for _ in range(2)] == [None, None]
    can_compile.cache_clear()
    assert [warning.endswith("nothing can be compiled here: no C++ compiler") for warning in warnings] == [
        True
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "tolerance"), [("aot_eager", 0.0), ("inductor", 1e-5)])
def test_a_compiled_iteration_gives_the_same_numbers(backend: str, tolerance: float) -> None:
    """From equal states, over the change of the active codes at 3 and that of the weight at 20."""
    plain, compiled = alone(0, **CHANGING), LoneEngine(make(0, **CHANGING), Compiler(backend))
    data = batches(1, plain.model.image_shape)
    for iteration, images in zip((2, 3, 19, 20, 21), data, strict=False):
        compiled.model.restore(copied(plain.model.state()))
        expected, found = plain.step(images, iteration), compiled.step(images, iteration)
        assert max(float((found[key] - value).abs()) for key, value in expected.items()) <= tolerance
    if tolerance == 0:
        assert largest_difference(plain.model, compiled.model) == 0


@pytest.mark.slow
@pytest.mark.parametrize("batched", [False, True])
def test_a_stack_can_be_compiled(batched: bool) -> None:
    lone = [alone(seed, **CHANGING) for seed in range(2)]
    members = [make(seed, **CHANGING) for seed in range(2)]
    stacked = (StackEngine if batched else SideBySide)(members, Compiler("aot_eager"))
    assert compared(lone, stacked, range(1)) <= (1e-5 if batched else 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "factor-vae", "ql-ae", "ib-gan"])
def test_other_models_can_be_compiled(name: str) -> None:
    config = configure(name, "demo", sets=["batch_size=4"])
    plain, compiled = (
        LoneEngine(MODELS.get(name)(config, (1, 64, 64), 0, torch.device("cpu"), False), compiler)
        for compiler in (None, Compiler("aot_eager"))
    )
    images = next(batches(1, (1, 64, 64)))
    expected, found = plain.step(images, 0), compiled.step(images, 0)
    assert {key: float(value) for key, value in found.items()} == pytest.approx(
        {key: float(value) for key, value in expected.items()}, rel=1e-6
    )

"""Iterations by graphs against iterations kernel by kernel.

A graph is played here by calling the recorded function again, with what was drawn while recording replaced by
the tensors that are to be filled for each replay: what is not fed to them stays as it was recorded.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NoReturn

import pytest
import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.modelling.graph import WARM_UP, IterationGraph, Scalars
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training import configure
from tests.modelling.test_stack_engine import CHANGING, alone, batches, stack, tensors, tiny

__all__ = ["tiny"]  # a fixture of those tests

CPU = torch.device("cpu")


class Repeater:
    """Records by leaving the model of an engine as it was."""

    def __init__(self, engine: LoneEngine) -> None:
        self.engine = engine
        self.recorded = self.replayed = 0

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def record(self, function: Callable[[], Scalars]) -> tuple[Callable[[], None], Scalars]:
        self.recorded += 1
        fed: list[tuple[Tensor, ...]] = []
        graph = self.engine.graph
        assert graph is not None

        def keep(draw: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
            fed.append(graph.fed(draw))
            for tensor in fed[-1]:
                tensor.zero_()  # no kernel runs while recording, so nothing has to be there yet
            return fed[-1]

        before = [(tensor, tensor.clone()) for tensor in memory(self.engine)]
        self.engine.fed = keep  # type: ignore[method-assign]
        results = function()
        del self.engine.fed
        with torch.no_grad():
            for tensor, value in before:
                tensor.copy_(value)
            for tensor in results.values():
                tensor.fill_(torch.nan)

        def replay() -> None:
            self.replayed += 1
            left = list(fed)
            self.engine.fed = lambda draw: left.pop(0)  # type: ignore[method-assign]
            for name, value in function().items():
                results[name].copy_(value)
            del self.engine.fed

        return replay, results


def memory(engine: LoneEngine) -> Iterator[Tensor]:
    """The tensors that an iteration changes."""
    for net in engine.model.networks.values():
        yield from net.state_dict().values()
    for optimiser in engine.model.optimisers.values():
        for state in optimiser.state.values():
            yield from state.values()


def compare(plain: LoneEngine, graphed: LoneEngine, iterations: int, data: Iterator[Tensor]) -> Repeater:
    """Train both, by the same numbers to the last bit."""
    recorder = Repeater(graphed)
    graphed.graph = IterationGraph(CPU, recorder)
    for iteration, images in zip(range(iterations), data, strict=False):
        expected, found = plain.step(images, iteration), graphed.step(images, iteration)
        assert expected.keys() == found.keys()
        assert all(torch.equal(value, found[name]) for name, value in expected.items())
    mine, other = tensors(plain.model.state()), tensors(graphed.model.state())
    assert all(torch.equal(value, other[name]) for name, value in mine.items())
    return recorder


def test_a_graph_is_recorded_for_each_set_of_constants() -> None:
    """Schedules change at 3 (codes), 15 and 30 (gap) and 20 (weight); rates and averages all the time."""
    recorder = compare(alone(0, **CHANGING), alone(0, **CHANGING), 50, batches(1, (1, 8, 8)))
    phases = [3, 12, 5, 10, 20]
    assert recorder.recorded == 4
    assert recorder.replayed == sum(max(0, length - WARM_UP) for length in phases)


def test_a_stack_has_a_graph_of_its_own() -> None:
    plain, graphed = (stack([alone(seed, **CHANGING) for seed in range(2)]) for _ in "ab")
    assert compare(plain, graphed, 25, batches(2, (1, 8, 8))).replayed == 0 + 9 + 2 + 2


@pytest.mark.parametrize(
    ("name", "sets", "replayed"),
    [
        ("vae", [], 5),
        ("factor-vae", ["discriminator.fresh=true", "optim.decay_from=0.2"], 5),
        ("ql-ae", [], 5),
        ("ib-gan", [], 5),
        ("annealed-vae", ["capacity.over=3"], 2),  # constant from 3 on
    ],
)
def test_other_models(name: str, sets: list[str], replayed: int) -> None:
    config = configure(name, "demo", sets=["batch_size=4", "iterations=8", *sets])
    plain, graphed = (LoneEngine(MODELS.get(name)(config, (1, 64, 64), 0, CPU, False)) for _ in "ab")
    assert compare(plain, graphed, 8, batches(1, (1, 64, 64))).replayed == replayed


@pytest.mark.parametrize("until", ["generator_term", "commit", "the end"])
def test_what_cannot_be_recorded_goes_on_without(until: str) -> None:
    """The numbers drawn for a failed recording are those of its iteration, and nobody tries again."""
    reason = "operation not permitted when stream is capturing"

    def fail(*arguments: object, **options: object) -> NoReturn:
        raise RuntimeError(f"{reason}\nmore about it")

    class Failing(Repeater):
        def record(self, function: Callable[[], Scalars]) -> tuple[Callable[[], None], Scalars]:
            before = [(tensor, tensor.clone()) for tensor in memory(self.engine)]
            self.recorded += 1
            try:
                with pytest.MonkeyPatch.context() as patch:
                    if until != "the end":
                        patch.setattr(self.engine if until == "commit" else self.engine.model, until, fail)
                    function()
                fail()
            finally:
                with torch.no_grad():
                    for tensor, value in before:
                        tensor.copy_(value)

    settings = CHANGING | {"contrastive": {"weight": {"start": 1.0}}}  # H and both of its steps, too
    plain, graphed = alone(0, **settings), alone(0, **settings)
    recorder = Failing(graphed)
    graphed.graph = IterationGraph(CPU, recorder)
    with output.kept_warnings() as warnings:
        for iteration, images in zip(range(12), batches(1, (1, 8, 8)), strict=False):
            expected, found = plain.step(images, iteration), graphed.step(images, iteration)
            assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert recorder.recorded == 1
    assert [warning for warning in warnings if "no CUDA graph" in warning] == [
        f"no CUDA graph could be made ({reason}); going on without, which is slower"
    ]


def test_out_of_memory_is_not_taken_for_that() -> None:
    class Full(Repeater):
        def record(self, function: Callable[[], Scalars]) -> tuple[Callable[[], None], Scalars]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    engine = alone(0)
    engine.graph = IterationGraph(CPU, Full(engine))
    images = next(batches(1, (1, 8, 8)))
    for iteration in range(WARM_UP):
        engine.step(images, iteration)
    with pytest.raises(torch.OutOfMemoryError):
        engine.step(images, WARM_UP)

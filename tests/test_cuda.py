"""What only a GPU can show; skipped where there is none."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.devices import make_deterministic
from disentangle_cli.modelling.engine import Draw
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.stack_engine import StackEngine
from disentangle_cli.modelling.trainable import MODELS, Trainable
from disentangle_cli.settings import validate
from disentangle_cli.training import configure
from disentangle_cli.training.state import read_state
from tests.modelling.stepping import in_double
from tests.modelling.test_stack_engine import tensors
from tests.training.conftest import squares, tiny

__all__ = ["squares"]  # a fixture

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
CUDA, CPU = torch.device("cuda"), torch.device("cpu")
SWITCHING: dict[str, Any] = {
    "iterations": 16, "batch_size": 8, "architecture": "infogan-64",
    "optim": {"average": 0.9, "decay_from": 0.5}, "conventions": "tensorflow",
    "latents": {"codes": {"dim": 5}, "noise": {"dim": 5}},
    "contrastive": {"weight": {"start": 0.0, "step": 2.0, "every": 8, "times": 1}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def deterministic() -> None:
    make_deterministic(CUDA)


def gan(seed: int, device: torch.device = CUDA, bf16: bool = False) -> Trainable[Any]:
    kind = MODELS.get("infogan-cr")
    return kind(validate(kind.Config, SWITCHING, "test"), (1, 64, 64), seed, device, bf16)


def images(*lead: int) -> Iterator[Tensor]:
    rng = torch.Generator().manual_seed(0)
    while True:
        yield (torch.rand(*lead, 8, 1, 64, 64, generator=rng) > 0.9).float().to(CUDA)


def equal_states(a: Any, b: Any) -> bool:
    mine, other = tensors(a.state()), tensors(b.state())
    return mine.keys() == other.keys() and all(torch.equal(x, other[key]) for key, x in mine.items())


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("seeds", [1, 3])
def test_graphs_change_no_number(seeds: int, bf16: bool) -> None:
    """Lone and stacked, over the switch, the decay and the averages."""
    plain, graphed = ([gan(seed, bf16=bf16) for seed in range(seeds)] for _ in "ab")
    graph = IterationGraph(CUDA)
    pair = [StackEngine(plain), StackEngine(graphed, graph=graph)]
    if seeds == 1:
        pair = [LoneEngine(plain[0]), LoneEngine(graphed[0], graph=graph)]
    with output.kept_warnings() as warnings:
        for iteration, x in zip(range(16), images(seeds), strict=False):
            expected, found = (engine.step(x, iteration) for engine in pair)
            assert all(torch.equal(value, found[name]) for name, value in expected.items()), iteration
    assert graph._replay is not None
    assert not warnings
    assert equal_states(*(engine.model for engine in pair))


@pytest.mark.parametrize("name", ["vae", "beta-tcvae", "factor-vae", "dip-vae-i", "ql-ae", "ib-gan"])
def test_graphs_of_other_models(name: str) -> None:
    config = configure(name, "demo", sets=["batch_size=8", "iterations=8"])
    models = [MODELS.get(name)(config, (1, 64, 64), 0, CUDA, False) for _ in "ab"]
    plain, graphed = LoneEngine(models[0]), LoneEngine(models[1], graph=IterationGraph(CUDA))
    with output.kept_warnings() as warnings:
        for iteration, x in zip(range(8), images(1), strict=False):
            expected, found = plain.step(x, iteration), graphed.step(x, iteration)
            assert all(torch.equal(value, found[key]) for key, value in expected.items()), iteration
    assert not warnings
    assert equal_states(*models)


def test_a_function_that_waits_for_the_gpu_is_run_without_a_graph() -> None:
    plain, graphed = LoneEngine(gan(0)), LoneEngine(gan(0), graph=IterationGraph(CUDA))
    random = graphed.random

    def waiting(draw: Draw) -> tuple[Tensor, ...]:
        float(next(graphed.model.players["generator"].parameters()).detach().sum())
        return random(draw)

    graphed.random = waiting  # type: ignore[method-assign]
    with output.kept_warnings() as warnings:
        for iteration, x in zip(range(8), images(1), strict=False):
            expected, found = plain.step(x, iteration), graphed.step(x, iteration)
            assert all(torch.equal(value, found[name]) for name, value in expected.items()), iteration
    assert len(warnings) == 1
    assert equal_states(plain.model, graphed.model)


def test_iterations_are_those_of_a_cpu_and_of_a_stack() -> None:
    """In double precision: a GAN enlarges rounding from step to step."""
    here, there = in_double(LoneEngine(gan(0, CPU))), in_double(LoneEngine(gan(0)))
    lone = in_double(LoneEngine(gan(0)))
    members = [in_double(LoneEngine(gan(seed))).model for seed in range(3)]
    stacked = in_double(StackEngine(members))
    for iteration, x in zip(range(6, 10), images(1), strict=False):
        steps = here.step(x.cpu().double(), iteration), there.step(x.double(), iteration)
        steps += lone.step(x.double(), iteration), stacked.step(x.double().expand(3, *x.shape[1:]), iteration)
        expected, *others = ({k: float(v.detach().flatten()[0]) for k, v in step.items()} for step in steps)
        assert all(found == pytest.approx(expected, rel=1e-6, abs=1e-6) for found in others)


@pytest.mark.parametrize("bf16", [False, True])
def test_seeds_side_by_side_are_those_of_lone_runs(bf16: bool) -> None:
    """Bit for bit, each by its graph on its stream: batched kernels sum in another order."""
    lone = [LoneEngine(gan(seed, bf16=bf16), graph=IterationGraph(CUDA)) for seed in range(3)]
    members = [gan(seed, bf16=bf16) for seed in range(3)]
    stacked = SideBySide(members)
    for iteration, x in zip(range(16), images(3), strict=False):
        alone = [engine.step(y[None], iteration) for engine, y in zip(lone, x, strict=True)]
        together = stacked.step(x, iteration)
        for name, value in together.items():
            assert torch.equal(value.expand(3).cpu(), torch.stack([a[name].cpu() for a in alone])), name
    assert all(equal_states(engine.model, member) for engine, member in zip(lone, members, strict=True))


def train(squares: Path, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    head = [sys.executable, "-m", "disentangle_cli", "train", "--model", "infogan-cr", "--preset", "demo"]
    placed = ["--dataset", str(squares), "--out", str(out)]
    return subprocess.run(
        [*head, *placed, *tiny("infogan-cr", "--device", "cuda", *arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_that_is_stopped_goes_on_bit_for_bit(squares: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(squares, whole).returncode == 0
    assert train(squares, parts, "--time-limit", "0.1s").returncode == 130
    (state,) = parts.rglob("resume.pt")
    assert read_state(state)["iteration"] < 12
    assert train(squares, parts, "--resume").returncode == 0
    (a,), (b,) = whole.glob("*.pt"), parts.glob("*.pt")
    first, second = load_checkpoint(a), load_checkpoint(b)
    assert all(torch.equal(value, second.generator[key]) for key, value in first.generator.items())
    assert all(torch.equal(value, second.encoder[key]) for key, value in first.encoder.items())


def test_a_run_moves_to_a_cpu(squares: Path, tmp_path: Path) -> None:
    assert train(squares, tmp_path / "out", "--time-limit", "0.1s").returncode == 130
    done = train(squares, tmp_path / "out", "--resume", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "was started with device 'cuda', now 'cpu'" in done.stderr


def test_a_stack_too_large_for_the_memory_is_split(squares: Path, tmp_path: Path) -> None:
    """In a process that may have a small part of the GPU."""
    code = (
        "import sys, torch\n"
        "from disentangle_cli.commands import main\n"
        "torch.cuda.set_per_process_memory_fraction(float(sys.argv.pop(1)))\n"
        "main()\n"
    )
    share = 1.2 * 2**30 / torch.cuda.get_device_properties(CUDA).total_memory
    command = [
        sys.executable, "-c", code, str(share), "train", "--model", "infogan-cr", "--preset", "demo",
        "--dataset", str(squares), "--out", str(tmp_path),
        *tiny("infogan-cr", "--device", "cuda", "--set", "batch_size=64", "--seeds", "0-7", "--stack"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "out of memory with 8 seeds at once; going on with half of them at a time" in done.stderr
    assert len(list(tmp_path.glob("*.pt"))) == 8

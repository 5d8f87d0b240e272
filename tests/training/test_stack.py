"""``--stack``: it writes what lone runs write; stopping, resuming, failing, running out of memory."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from disentangle_cli import output
from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.commands import app
from disentangle_cli.errors import Interrupted, RunError
from disentangle_cli.modelling.engines import engine_for
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.trainable import Trainable
from disentangle_cli.training import configure, session, train_pool
from disentangle_cli.training.loop import Loop
from disentangle_cli.training.spec import Run
from disentangle_cli.training.stack import split_into_stacks
from disentangle_cli.training.state import read_state
from tests.models.tiny_gan import TinyGan
from tests.training.conftest import Command, train, wait_for

Engines = LoneEngine | SideBySide


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES._entries, "tiny-gan", TinyGan)
    monkeypatch.setattr(session, "save_traversal", lambda *_: None)  # pictures take longer than the training


@pytest.fixture
def pool(dots: str, tmp_path: Path) -> Callable[..., list[Run]]:
    """Runs of a few seeds, twelve iterations each with the switch at eight."""

    def build(seeds: int, out: str = "stack", sets: tuple[str, ...] = (), **fields: Any) -> list[Run]:
        tiny = ["architecture=tiny-gan", "batch_size=4", "log.every=2", "log.state_seconds=0.000001"]
        length = ["iterations=12", "contrastive.weight.every=8"]
        config = configure("infogan-cr", "demo", sets=[*tiny, *length, "log.images_every=0", *sets])
        first = Run("infogan-cr", config, dots, out=tmp_path / out, device="cpu", precision="fp32")
        return [replace(first, seed=seed, **fields) for seed in range(seeds)]

    return build


def weights(path: Path) -> dict[str, Tensor]:
    found = load_checkpoint(path)
    return {f"g.{k}": v for k, v in found.generator.items()} | {f"q.{k}": v for k, v in found.encoder.items()}


def assert_same(a: Run, b: Run) -> None:
    first, second = weights(a.checkpoint), weights(b.checkpoint)
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[key]) for key, value in first.items())
    assert (a.folder / "log.csv").read_text() == (b.folder / "log.csv").read_text()


def step_with(monkeypatch: pytest.MonkeyPatch, hook: Callable[[Engines, int], None]) -> None:
    """Let ``hook`` see the engine of a loop, of one seed or of many, after each of its steps."""

    def hooked(models: Sequence[Trainable[Any]], compiled: bool) -> Engines:
        engine = engine_for(models, compiled)
        assert isinstance(engine, LoneEngine | SideBySide)
        step = engine.step

        def wrapped(images: Tensor, iteration: int) -> dict[str, Tensor]:
            scalars = step(images, iteration)
            hook(engine, iteration)
            return scalars

        engine.step = wrapped  # type: ignore[method-assign]
        return engine

    monkeypatch.setattr("disentangle_cli.training.loop.engine_for", hooked)


def test_files_are_those_of_lone_runs(pool: Callable[..., list[Run]]) -> None:
    stacked, lone = pool(3), pool(3, "lone")
    assert all(outcome.error is None for outcome in train_pool(stacked, stack=True))
    for a, b in zip(stacked, lone, strict=True):
        train(b)
        assert_same(a, b)
        names = [{p.name.split(".17")[0] for p in run.folder.iterdir()} for run in (a, b)]
        assert {"config.yaml", "log.csv", "resume.pt", "switch.pt"} < names[0]
        assert {n for n in names[0] if "tfevents" not in n} == {n for n in names[1] if "tfevents" not in n}
        assert (a.folder / "config.yaml").read_text() == (b.folder / "config.yaml").read_text()
        assert all(
            torch.equal(value, weights(b.folder / "switch.pt")[key])
            for key, value in weights(a.folder / "switch.pt").items()
        )
        mine, other = (load_checkpoint(run.checkpoint) for run in (a, b))
        assert mine.config == other.config
        assert mine.provenance | {"wall_seconds": 0} == other.provenance | {"wall_seconds": 0}
        assert read_state(a.state).keys() == read_state(b.state).keys()
        assert a.state.stat().st_size < 1.1 * b.state.stat().st_size  # no file holds the whole stack


@pytest.mark.parametrize("alone", [False, True])
def test_stopped_and_resumed(
    pool: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    """All seeds stop at the same iteration; they go on as a stack, or one of them first by itself."""
    whole = pool(3, "whole")
    train_pool(whole, stack=True)

    iterate, seen = Loop.iterate, [0]

    def counted(self: Loop, iteration: int) -> None:
        seen.append(iteration)
        iterate(self, iteration)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "iterate", counted)
        patch.setattr(Loop, "must_stop", lambda self: "time limit reached" if seen[-1] >= 8 else None)
        outcomes = train_pool(pool(3), stack=True)
    assert all(isinstance(outcome.error, Interrupted) for outcome in outcomes)
    assert "time limit reached after iteration 9" in str(outcomes[0].error)
    assert [read_state(run.state)["iteration"] for run in pool(3)] == [9, 9, 9]
    again = pool(3, resume=True)
    if alone:
        train(again[1])
    assert all(outcome.error is None for outcome in train_pool(again, stack=True))
    for a, b in zip(whole, again, strict=True):
        assert_same(a, b)


def test_seeds_at_different_iterations_go_on_in_stacks_of_their_own(
    pool: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: set[int] = set()
    whole, runs = pool(3, "whole"), pool(3)
    train_pool(whole, stack=True)
    late = time.time() - 1  # stops after one iteration
    train_pool([replace(run, deadline=late) for run in runs[:2]], stack=True)
    step_with(monkeypatch, lambda engine, _: sizes.add(len(engine.members)))
    again = [replace(run, resume=True) for run in runs]
    assert all(outcome.error is None for outcome in train_pool(again, stack=True))
    assert sizes == {1, 2}
    for a, b in zip(whole, runs, strict=True):
        assert_same(a, b)


def test_a_seed_that_diverges_stops_alone(
    pool: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(engine: Engines, iteration: int) -> None:
        if iteration == 5 and len(engine.members) == 3:
            with torch.no_grad():
                next(engine.members[1].players["generator"].parameters()).fill_(torch.nan)

    step_with(monkeypatch, poison)
    runs, lone = pool(3), pool(3, "lone")
    outcomes = train_pool(runs, stack=True)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, RunError)
    assert "seed-1 diverged: a weight of the generator is not finite at iteration 5" in str(outcomes[1].error)
    assert "the last good state" in str(outcomes[1].error)
    assert not runs[1].checkpoint.exists()
    for index in (0, 2):
        train(lone[index])
        assert_same(runs[index], lone[index])


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough memory")],
)
def test_out_of_memory_goes_on_in_halves(
    pool: Callable[..., list[Run]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    sizes: list[int] = []

    def full(engine: Engines, iteration: int) -> None:
        if iteration == 6 and len(engine.members) > 2:
            raise error
        sizes.append(len(engine.members))

    step_with(monkeypatch, full)
    runs, lone = pool(5), pool(5, "lone")
    with output.kept_warnings() as warnings:
        assert all(outcome.error is None for outcome in train_pool(runs, stack=True))
    assert warnings == [
        f"out of memory with {count} seeds at once; going on with half of them at a time" for count in (5, 3)
    ]
    # from the states after six iterations, not from the beginning
    assert sizes == [5] * 6 + [2] * 6 + [1] * 6 + [2] * 6
    train(lone[4])
    assert_same(runs[4], lone[4])


def test_out_of_memory_with_one_seed_is_a_failed_run(
    pool: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(engine: Engines, iteration: int) -> None:
        if any(member.rng.initial_seed() == 1 for member in engine.members):
            raise torch.OutOfMemoryError("CUDA out of memory")

    step_with(monkeypatch, full)
    outcomes = train_pool(pool(3), stack=True)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert "seed-1: out of memory" in str(outcomes[1].error)


def test_an_output_in_use_fails_alone(pool: Callable[..., list[Run]]) -> None:
    runs = pool(3)
    runs[2].out.mkdir()
    runs[2].folder.write_text("not a folder")
    outcomes = train_pool(runs, stack=True)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False]


def test_splitting_keeps_configurations_apart(pool: Callable[..., list[Run]]) -> None:
    runs = [*pool(5), *pool(2, sets=("info.weight=0.9",))]
    parts = split_into_stacks(runs, 2)
    assert [len(part) for part in parts] == [2, 3, 1, 1]
    assert [run for part in parts for run in part] == runs
    assert all(run.config == part[0].config for part in parts for run in part)
    assert [len(part) for part in split_into_stacks(runs[:2], 4)] == [1, 1]


@pytest.mark.parametrize(
    ("model", "extra", "message"),
    [
        ("ib-gan", [], "--stack: ib-gan cannot be stacked, only infogan and infogan-cr"),
        ("beta-vae", ["--dry-run"], "--stack: beta-vae cannot be stacked"),
        ("infogan-cr", ["--executor", "dask"], "leave out --stack or --executor dask"),
    ],
)
def test_refusals(dots: str, tmp_path: Path, model: str, extra: list[str], message: str) -> None:
    arguments = ["train", "--model", model, "--preset", "demo", "--dataset", dots, "--stack", *extra]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out"), "--seeds", "0-1"])
    assert done.exit_code == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_signal_saves_every_seed_of_every_process(command: Command, tmp_path: Path) -> None:
    arguments = command("--iterations", "100000", "--seeds", "0-2", "--stack", "--jobs", "2")
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    states = [tmp_path / "out" / f"infogan-cr_squares_seed-{seed}" / "resume.pt" for seed in range(3)]
    for state in states:
        wait_for(state, process)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert out == ""
    assert errors.count("stopped by SIGTERM after iteration") == 3
    assert "3 of 3 runs are not complete; --resume goes on with them" in errors
    assert "Traceback" not in errors
    done = [read_state(state)["iteration"] for state in states]
    assert done[1] == done[2] > 0  # these two are one stack

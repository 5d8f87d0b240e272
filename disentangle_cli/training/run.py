"""One training run, from its request to the finished checkpoint."""

import contextlib
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.config import to_yaml
from disentangle_cli.datasets import DATASETS, open_dataset
from disentangle_cli.errors import Interrupted, RunError, UsageError
from disentangle_cli.files import locked, write_atomic
from disentangle_cli.models._training import MODELS
from disentangle_cli.training._feed import Feed
from disentangle_cli.training._hardware import keep_freed_memory, pick_device, use_bf16
from disentangle_cli.training._log import RunLog
from disentangle_cli.training._signals import caught_signals
from disentangle_cli.training._snapshots import quick_score, save_traversal
from disentangle_cli.training._state import read_state, write_state
from disentangle_cli.training.spec import Run, check_shape, describe, is_same_run


def train(run: Run) -> Path:
    """Train a model and return the path of its checkpoint.

    A finished run with ``resume`` is left alone; an unfinished one goes on from its resume state.

    Raises:
        UsageError: the data do not fit the configuration, or outputs of another configuration (or of an
            unfinished run, without ``resume``) are in the way.
        RunError: a loss is not finite, or another process works on the same output.
        Interrupted: a signal or the time limit stopped the run; its state is saved.
    """
    busy = f"{run.folder}: another process is training there; wait for it, or choose another --name or --out"
    with locked(run.folder / ".lock", busy), caught_signals() as stop:
        return _Session(run, stop).execute()


class _Session:
    """The moving parts of one call of :func:`train`."""

    def __init__(self, run: Run, stop: list[str]) -> None:
        self.run = run
        self.stop = stop
        self.state_path = run.folder / "resume.pt"
        self.started = time.monotonic()

    def execute(self) -> Path:
        run, config = self.run, self.run.config
        dataset = open_dataset(run.dataset, size=config.data.size, channels=config.data.channels)
        identity = describe(run, dataset)
        if self.is_finished(identity):
            output.log(f"{run.checkpoint} is finished already")
            return run.checkpoint
        state = self.find_state(identity)
        device = pick_device(run.device)
        bf16 = use_bf16(run.precision, device) if state is None else self.recorded_precision(state)
        if state is not None and device.type == "cpu":
            torch.set_num_threads(state["threads"])  # other thread counts sum in another order
        keep_freed_memory()
        trainable = MODELS.get(run.model)(config, check_shape(run, dataset), run.seed, device, bf16)
        if state is not None:
            trainable.restore(state["trainable"])
        first = 0 if state is None else int(state["iteration"])
        self.earlier = 0.0 if state is None else float(state["wall_seconds"])
        self.identity, self.dataset, self.trainable = identity, dataset, trainable
        settings = {"model": run.model, "dataset": run.dataset, "seed": run.seed} | config.model_dump(
            mode="json"
        )
        write_atomic(run.folder / "config.yaml", to_yaml(settings))
        self.loop(Feed(dataset, config.batch_size, run.seed, device), first)
        return self.finish()

    # What is there already.

    def is_finished(self, identity: dict[str, Any]) -> bool:
        run = self.run
        if not run.checkpoint.exists() or run.overwrite:
            return False
        same = is_same_run(load_checkpoint(run.checkpoint), identity)
        if not same:
            raise UsageError(
                f"{run.checkpoint} is of another configuration; choose another --name or --out, "
                "or --overwrite it"
            )
        return run.resume

    def find_state(self, identity: dict[str, Any]) -> dict[str, Any] | None:
        run = self.run
        if run.overwrite or run.checkpoint.exists() or not self.state_path.exists():
            return None
        if not run.resume:
            raise UsageError(
                f"{run.folder} holds an unfinished run; --resume goes on with it, --overwrite drops it"
            )
        state = read_state(self.state_path)
        if state["run"] != identity:
            raise UsageError(
                f"{run.folder} holds an unfinished run of another configuration; "
                "choose another --name or --out, or --overwrite it"
            )
        output.log(f"going on with {run.stem} at iteration {state['iteration']}")
        return state

    def recorded_precision(self, state: dict[str, Any]) -> bool:
        bf16 = bool(state["bf16"])
        if self.run.precision != "auto" and (self.run.precision == "bf16") != bf16:
            recorded = "bf16" if bf16 else "fp32"
            raise UsageError(f"{self.run.folder} was started with --precision {recorded}; go on with that")
        return bf16

    # The loop.

    def loop(self, feed: Feed, first: int) -> None:
        config, trainable = self.run.config, self.trainable
        log = RunLog(self.run.folder, first)
        saved = time.monotonic()
        bar = output.progress(total=config.iterations, desc=self.run.stem, unit="it", initial=first)
        with contextlib.closing(log), bar:
            for iteration in range(first, config.iterations):
                if trainable.keeps_state_before(iteration):
                    save_checkpoint(self.run.folder / "switch.pt", self.checkpoint(iteration))
                    self.pictures(f"switch-{iteration}")
                scalars = trainable.step(feed.batch(iteration), iteration)
                self.check(scalars, iteration)
                self.record(log, scalars, iteration)
                bar.update(1)
                done = iteration + 1
                reason = self.must_stop()
                if done < config.iterations and (
                    reason or time.monotonic() - saved > config.log.state_seconds
                ):
                    self.save(done)
                    saved = time.monotonic()
                if reason and done < config.iterations:
                    raise Interrupted(
                        f"{self.run.stem}: {reason} after iteration {done}; --resume goes on from there"
                    )

    def check(self, scalars: dict[str, Tensor], iteration: int) -> None:
        """Stop at the first loss that is not finite. On CUDA look now and then: looking waits for the GPU."""
        if self.trainable.device.type == "cuda" and (iteration + 1) % 50:
            return
        if torch.stack([value.to(self.trainable.device) for value in scalars.values()]).isfinite().all():
            return
        bad = next(name for name, value in scalars.items() if not value.isfinite())
        kept = f"; the last good state is {self.state_path}" if self.state_path.exists() else ""
        raise RunError(
            f"{self.run.stem} diverged: {bad} is {float(scalars[bad])} at iteration {iteration}{kept}; "
            "try a lower learning rate (--print-config shows the settings under optim) or --precision fp32"
        )

    def record(self, log: RunLog, scalars: dict[str, Tensor], iteration: int) -> None:
        due = self.run.config.log
        done = iteration + 1
        row: dict[str, float] = {}
        if done % due.every == 0:
            row = {name: float(value) for name, value in scalars.items()}
        if (
            self.dataset.factors
            and due.score_every
            and (done % due.score_every == 0 or done == self.run.config.iterations)
        ):
            row |= {
                "score/factor_vae": quick_score(self.checkpoint(done), self.dataset, self.trainable.device)
            }
        if row:
            log.write(iteration, row)
        if due.images_every and done % due.images_every == 0:
            self.pictures(f"{done:07d}")

    def pictures(self, name: str) -> None:
        save_traversal(self.checkpoint(0), self.run.folder / f"traversal-{name}.png", self.trainable.device)

    def must_stop(self) -> str | None:
        if self.stop:
            return f"stopped by {self.stop[0]}"
        limit = self.run.time_limit
        return (
            "time limit reached" if limit is not None and time.monotonic() - self.started >= limit else None
        )

    # What is written.

    def wall_seconds(self) -> float:
        return self.earlier + time.monotonic() - self.started

    def save(self, iteration: int) -> None:
        write_state(
            self.state_path,
            run=self.identity,
            iteration=iteration,
            wall_seconds=self.wall_seconds(),
            bf16=self.trainable.bf16,
            threads=torch.get_num_threads(),
            trainable=self.trainable.state(),
        )

    def checkpoint(self, iteration: int) -> Checkpoint:
        """The model as it stands before ``iteration``."""
        trainable, run = self.trainable, self.run
        generator, encoder = trainable.weights()
        generator_output, encoder_output = trainable.outputs()
        config = {
            "architecture": {"name": run.config.architecture},
            "generator_output": generator_output,
            "encoder_output": encoder_output,
            "training": self.identity["config"],
        }
        provenance = {
            "source": "trained",
            "dataset": self.identity["dataset"],
            "dataset_fingerprint": self.identity["fingerprint"],
            **({} if run.dataset in DATASETS.names() else {"dataset_path": run.dataset}),
            "seed": run.seed,
            "iteration": iteration,
            "precision": "bf16" if trainable.bf16 else "fp32",
            "wall_seconds": round(self.wall_seconds(), 1),
            "versions": output.versions(),
        }
        return Checkpoint(
            run.model, config, trainable.image_shape, trainable.latents, generator, encoder, provenance
        )

    def finish(self) -> Path:
        iterations = self.run.config.iterations
        checkpoint = self.checkpoint(iterations)
        self.save(iterations)
        self.pictures("final")
        return save_checkpoint(self.run.checkpoint, checkpoint)

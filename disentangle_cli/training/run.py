"""One training run, from its request to the finished checkpoint."""

import contextlib
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.config import to_yaml
from disentangle_cli.datasets import DATASETS, Dataset, open_dataset
from disentangle_cli.devices import pick_device
from disentangle_cli.errors import Interrupted, RunError, UsageError
from disentangle_cli.files import locked, write_atomic
from disentangle_cli.models._training import MODELS
from disentangle_cli.training._existing import clear, find_state, is_finished, sweep_leftovers
from disentangle_cli.training._feed import Feed
from disentangle_cli.training._hardware import keep_freed_memory, make_deterministic, use_bf16
from disentangle_cli.training._log import RunLog
from disentangle_cli.training._signals import caught_signals
from disentangle_cli.training._snapshots import quick_score, save_traversal
from disentangle_cli.training._state import write_state
from disentangle_cli.training.spec import LOCK, Run, check_shape, describe


def train(run: Run, stop: list[str] | None = None) -> Path:
    """Train a model and return the path of its checkpoint.

    A finished run with ``resume`` is left alone; an unfinished one goes on from its resume state. SIGINT and
    SIGTERM are caught unless the caller does so and passes the ``stop`` list that fills when one comes.

    Raises:
        UsageError: the data do not fit the configuration, or outputs of another configuration (or of an
            unfinished run, without ``resume``) are in the way.
        RunError: a loss is not finite, or another process works on the same output.
        Interrupted: a signal or the deadline stopped the run; its state is saved.
    """
    dataset = prepare(run)
    busy = f"{run.folder}: another process is training there; wait for it, or choose another --name or --out"
    threads = torch.get_num_threads()
    signals = caught_signals() if stop is None else contextlib.nullcontext(stop)
    with locked(run.folder / LOCK, busy), signals as caught:
        try:
            return _Session(run, dataset, caught).execute()
        finally:
            torch.set_num_threads(threads)


def prepare(run: Run) -> Dataset:
    """Open the data of a run and check, before anything is written, that the run can start.

    Raises:
        UsageError: data, device, precision, architecture or batch size do not fit.
    """
    data = run.config.data
    dataset = open_dataset(run.dataset, size=data.size, channels=data.channels)
    check_shape(run, dataset)
    device = pick_device(run.device)
    bf16 = use_bf16(run.precision, device)
    Feed(dataset, run.config.batch_size, run.seed, device)
    MODELS.get(run.model)(run.config, dataset.image_shape, run.seed, device, bf16)
    return dataset


class _Session:
    """The moving parts of one call of :func:`train`."""

    def __init__(self, run: Run, dataset: Dataset, stop: list[str]) -> None:
        self.run = run
        self.dataset = dataset
        self.stop = stop
        self.identity = describe(run, dataset)
        self.started = time.monotonic()

    def execute(self) -> Path:
        run, config = self.run, self.run.config
        sweep_leftovers(run)
        if is_finished(run, self.identity):
            output.log(f"{run.checkpoint} is finished already")
            return run.checkpoint
        state = find_state(run, self.identity)
        device = pick_device(run.device)
        make_deterministic(device)
        keep_freed_memory()
        if state is None:
            bf16 = use_bf16(run.precision, device)
            clear(run)
        else:
            bf16 = self.recorded_precision(state)
            if device.type == "cpu":
                torch.set_num_threads(state["threads"])  # other thread counts sum in another order
        shape = self.dataset.image_shape
        self.trainable = MODELS.get(run.model)(config, shape, run.seed, device, bf16)
        if state is not None:
            self.trainable.restore(state["trainable"])
        first = 0 if state is None else int(state["iteration"])
        self.earlier = 0.0 if state is None else float(state["wall_seconds"])
        described = {"model": run.model, "dataset": run.dataset, "seed": run.seed}
        write_atomic(run.folder / "config.yaml", to_yaml(described | config.model_dump(mode="json")))
        self.loop(Feed(self.dataset, config.batch_size, run.seed, device), first)
        return self.finish()

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
        raise self.diverged(f"{bad} is {float(scalars[bad])}", iteration)

    def check_weights(self, done: int) -> None:
        """Never write weights that are not finite over a good state: the losses precede the last step."""
        for part, weights in zip(("generator", "encoder"), self.trainable.weights(), strict=True):
            if not all(value.isfinite().all() for value in weights.values()):
                raise self.diverged(f"a weight of the {part} is not finite", done - 1)

    def diverged(self, what: str, iteration: int) -> RunError:
        kept = f"; the last good state is {self.run.state}" if self.run.state.exists() else ""
        return RunError(
            f"{self.run.stem} diverged: {what} at iteration {iteration}{kept}; "
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
        checkpoint = self.checkpoint(self.run.config.iterations)
        save_traversal(checkpoint, self.run.folder / f"traversal-{name}.png", self.trainable.device)

    def must_stop(self) -> str | None:
        if self.stop:
            return f"stopped by {self.stop[0]}"
        deadline = self.run.deadline
        return "time limit reached" if deadline is not None and time.time() >= deadline else None

    # What is written.

    def wall_seconds(self) -> float:
        return self.earlier + time.monotonic() - self.started

    def save(self, iteration: int) -> None:
        self.check_weights(iteration)
        write_state(
            self.run.state,
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
        self.save(iterations)
        self.pictures("final")
        return save_checkpoint(self.run.checkpoint, self.checkpoint(iterations))

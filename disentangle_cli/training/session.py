"""The moving parts of a training run."""

import contextlib
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.config import to_yaml
from disentangle_cli.datasets import DATASETS, Dataset
from disentangle_cli.devices import keep_freed_memory, make_deterministic, pick_device, use_bf16
from disentangle_cli.documents import versions
from disentangle_cli.errors import Interrupted, RunError, UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.modelling.compiled import usable_compiler
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training._existing import clear, find_state, is_finished, sweep_leftovers
from disentangle_cli.training._log import RunLog
from disentangle_cli.training._snapshots import quick_score, save_traversal
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.spec import Run, describe
from disentangle_cli.training.state import arithmetic, changes, write_state


class Session:
    """The moving parts of one run: its model, log and files, and what happens around each iteration.

    After :meth:`start`, ``first`` is the iteration to go on with, ``trainable`` the model, ``feed`` its data.
    """

    def __init__(self, run: Run, dataset: Dataset, stop: list[str]) -> None:
        self.run = run
        self.dataset = dataset
        self.stop = stop
        self.identity = describe(run, dataset)
        self.started = time.monotonic()

    def execute(self) -> Path:
        """Train from where the run stands to its checkpoint."""
        if not self.start():
            return self.run.checkpoint
        iterations = self.run.config.iterations
        bar = output.progress(total=iterations, desc=self.run.stem, unit="it", initial=self.first)
        with contextlib.closing(self.log), bar:
            for iteration in range(self.first, iterations):
                self.before(iteration)
                scalars = self.trainable.step(self.feed.batch(iteration), iteration)
                self.check(scalars, iteration)
                self.record(scalars, iteration)
                bar.update(1)
                reason = self.must_stop()
                if iteration + 1 < iterations and (reason or self.is_due()):
                    self.pause(iteration + 1, reason)
        return self.finish()

    def start(self) -> bool:
        """Make everything ready for the first iteration; False when the run is finished already."""
        run, config = self.run, self.run.config
        sweep_leftovers(run)
        if is_finished(run, self.identity):
            output.log(f"{run.checkpoint} is finished already")
            return False
        state = find_state(run, self.identity)
        device = pick_device(run.device)
        make_deterministic(device)
        keep_freed_memory()
        if state is None:
            bf16, compiled = use_bf16(run.precision, device), run.compile
            clear(run)
        else:
            bf16, compiled = self.recorded_precision(state), self.recorded_compile(state)
            if changed := changes(state, device):
                output.warn(
                    f"{run.stem} was started with {'; '.join(changed)}: its numbers will not be those of an "
                    "uninterrupted run"
                )
            if device.type == "cpu":
                torch.set_num_threads(state["threads"])  # other thread counts sum in another order
        shape = self.dataset.image_shape
        self.trainable = MODELS.get(run.model)(config, shape, run.seed, device, bf16)
        self.trainable.compiler = usable_compiler(device) if compiled else None
        self.trainable.graph = IterationGraph(device) if device.type == "cuda" else None
        if state is not None:
            self.trainable.restore(state["trainable"])
        self.first = 0 if state is None else int(state["iteration"])
        self.earlier = 0.0 if state is None else float(state["wall_seconds"])
        described = {"model": run.model, "dataset": run.dataset, "seed": run.seed}
        write_atomic(run.folder / "config.yaml", to_yaml(described | config.model_dump(mode="json")))
        self.feed = Feed(self.dataset, config.batch_size, run.seed, device)
        self.log = RunLog(run.folder, self.first)
        self.saved = time.monotonic()
        return True

    def recorded_precision(self, state: dict[str, Any]) -> bool:
        bf16 = bool(state["bf16"])
        if self.run.precision != "auto" and (self.run.precision == "bf16") != bf16:
            recorded = "bf16" if bf16 else "fp32"
            raise UsageError(f"{self.run.folder} was started with --precision {recorded}; go on with that")
        return bf16

    def recorded_compile(self, state: dict[str, Any]) -> bool:
        compiled = bool(state["compiled"])
        if self.run.compile and not compiled:
            raise UsageError(f"{self.run.folder} was started without --compile; go on without it")
        return compiled

    # Around an iteration.

    def before(self, iteration: int) -> None:
        """Keep the state before this iteration where it is one to keep."""
        if self.trainable.keeps_state_before(iteration):
            save_checkpoint(self.run.folder / "switch.pt", self.checkpoint(iteration))
            self.pictures(f"switch-{iteration}")

    def check(self, scalars: dict[str, Tensor], iteration: int) -> None:
        """Stop at the first loss that is not finite."""
        if not looks_at(iteration, self.trainable.device):
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

    def record(self, scalars: dict[str, Tensor], iteration: int) -> None:
        """Write what is due after this iteration: a row of the log, a score, pictures."""
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
            self.log.write(iteration, row)
        if due.images_every and done % due.images_every == 0:
            self.pictures(f"{done:07d}")

    def pictures(self, name: str) -> None:
        checkpoint = self.checkpoint(self.run.config.iterations)
        save_traversal(checkpoint, self.run.folder / f"traversal-{name}.png", self.trainable.device)

    def must_stop(self) -> str | None:
        """Why the run has to stop now, if it has to."""
        if self.stop:
            return f"stopped by {self.stop[0]}"
        deadline = self.run.deadline
        return "time limit reached" if deadline is not None and time.time() >= deadline else None

    def is_due(self) -> bool:
        """Whether it is time to write the resume state."""
        return time.monotonic() - self.saved > self.run.config.log.state_seconds

    def pause(self, done: int, reason: str | None) -> None:
        """Write the resume state after ``done`` iterations; raise Interrupted where there is a reason to."""
        self.save(done)
        self.saved = time.monotonic()
        if reason:
            raise Interrupted(
                f"{self.run.stem}: {reason} after iteration {done}; --resume goes on from there"
            )

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
            compiled=self.trainable.compiler is not None,
            device=self.trainable.device.type,
            arithmetic=arithmetic(self.trainable.device),
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
            **({"compiled": True} if trainable.compiler else {}),
            "wall_seconds": round(self.wall_seconds(), 1),
            "versions": versions(),
        }
        return Checkpoint(
            run.model, config, trainable.image_shape, trainable.latents, generator, encoder, provenance
        )

    def finish(self) -> Path:
        """Write the last state and picture, then the checkpoint."""
        iterations = self.run.config.iterations
        self.save(iterations)
        self.pictures("final")
        return save_checkpoint(self.run.checkpoint, self.checkpoint(iterations))


def looks_at(iteration: int, device: torch.device) -> bool:
    """Whether to look at the losses of an iteration: on CUDA now and then, as looking waits for the GPU."""
    return device.type != "cuda" or (iteration + 1) % 50 == 0

"""One run under way: its model, log and files, and what is due around each iteration."""

import math
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.datasets import DATASETS, Dataset
from disentangle_cli.devices import keep_freed_memory, make_deterministic, pick_device, use_bf16
from disentangle_cli.documents import versions
from disentangle_cli.errors import Interrupted, RunError, UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.modelling.compiled import usable_compiler
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training._existing import clear, find_state, is_finished, sweep_leftovers
from disentangle_cli.training._log import RunLog
from disentangle_cli.training._snapshots import quick_score, save_traversal
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.initial import start_from
from disentangle_cli.training.loggers import Loggers, Start
from disentangle_cli.training.spec import Run, describe
from disentangle_cli.training.state import arithmetic, changes, write_state
from disentangle_cli.yaml12 import to_yaml

SCORE = "score/factor_vae"


def open_session(run: Run, dataset: Dataset) -> "Session | None":
    """A run that is ready for its next iteration; None when it is finished already.

    Raises:
        UsageError: outputs of another configuration, or of an unfinished run without ``resume``, are in the
            way, or the run was started with other kernels or another precision.
    """
    identity = describe(run, dataset)
    sweep_leftovers(run)
    if is_finished(run, identity):
        output.log(f"{run.checkpoint} is finished already")
        return None
    return Session(run, dataset, identity, find_state(run, identity))


def foresee(run: Run, dataset: Dataset) -> str:
    """What would become of a run, in words; nothing is written.

    Raises:
        UsageError: as :func:`open_session`.
    """
    identity = describe(run, dataset)
    if is_finished(run, identity):
        return f"{run.checkpoint} is finished already"
    state = find_state(run, identity)
    done = 0 if state is None else state["iteration"]
    return f"would train {run.stem} for {run.config.iterations - done} iterations"


class Session:
    """A run under way.

    Attributes:
        first: the iteration to go on with.
        model: the model in training.
        compiled: whether its kernels are compiled.
        feed: its data.
        newest: the scalars that were logged last, and the newest score.
    """

    def __init__(
        self, run: Run, dataset: Dataset, identity: dict[str, Any], state: dict[str, Any] | None
    ) -> None:
        """Make the model and open the log, to go on from ``state`` where there is one."""
        self.run = run
        self.dataset = dataset
        self.identity = identity
        self._started = time.monotonic()
        config = run.config
        device = pick_device(run.device)
        make_deterministic(device)
        keep_freed_memory()
        if state is None:
            bf16, compiled = use_bf16(run.precision, device), run.compile
            clear(run)
        else:
            bf16, compiled = _recorded_precision(run, state), _recorded_compile(run, state)
            if changed := changes(state, device):
                output.warn(
                    f"{run.stem} was started with {'; '.join(changed)}: its numbers will not be those of an "
                    "uninterrupted run"
                )
            if device.type == "cpu":
                torch.set_num_threads(state["threads"])  # other thread counts sum in another order
        self.model = MODELS.get(run.model)(config, dataset.image_shape, run.seed, device, bf16)
        self.compiled = compiled and usable_compiler(device) is not None
        if state is not None:
            self.model.restore(state["trainable"])
        elif run.init_from is not None:
            start_from(run.init_from, self.model)
        self.first = 0 if state is None else int(state["iteration"])
        self._earlier = 0.0 if state is None else float(state["wall_seconds"])
        described = {"model": run.model, "dataset": run.dataset, "seed": run.seed}
        write_atomic(run.folder / "config.yaml", to_yaml(described | config.model_dump(mode="json")))
        self.feed = Feed(dataset, config.batch_size, run.seed, device)
        self._log = RunLog(run.folder, self.first)
        start = Start(run.folder, run.stem, described | config.model_dump(mode="json"), self.first)
        self._loggers = Loggers(config.log.loggers, start)
        self._complete = False
        self._saved = time.monotonic()
        self.newest: dict[str, float] = {}

    # Around an iteration.

    def before(self, iteration: int) -> None:
        """Keep the state before this iteration where it is one to keep; let the model look at the data."""
        if self.model.keeps_state_before(iteration):
            save_checkpoint(self.run.folder / "switch.pt", self._checkpoint(iteration))
            self._pictures(f"switch-{iteration}")
        self.model.survey(iteration, self.feed)

    def rows(self, iteration: int) -> NDArray[np.int64]:
        """The rows of the data set that are the batch of an iteration: (B,)."""
        return self.model.choose(self.feed.rows(iteration), iteration)

    def after(self, scalars: dict[str, float], iteration: int) -> None:
        """Stop at the first loss that is not finite; write what is due: a row of the log, a score, pictures.

        ``scalars`` are there where they are logged, or where one of them is not finite.
        """
        if looks_at(iteration, self.model.device):
            for name, value in scalars.items():
                if not math.isfinite(value):
                    raise self._diverged(f"{name} is {value}", iteration)
        due = self.run.config.log
        done = iteration + 1
        row = dict(scalars) if self.run.logs(iteration) else {}
        at_end = done == self.run.config.iterations
        if self.dataset.factors and due.score_every and (done % due.score_every == 0 or at_end):
            score = quick_score(self._checkpoint(done), self.dataset, self.model.device)
            row |= {SCORE: score} if math.isfinite(score) else {}
        if row:
            self._log.write(iteration, row)
            self._loggers.write(iteration, row)
            self.newest = {key: value for key, value in self.newest.items() if key == SCORE} | row
        if due.images_every and done % due.images_every == 0:
            self._pictures(f"{done:07d}")

    def is_due(self) -> bool:
        """Whether it is time to write the resume state."""
        return time.monotonic() - self._saved > self.run.config.log.state_seconds

    def pause(self, done: int, reason: str | None) -> None:
        """Write the resume state after ``done`` iterations; raise Interrupted where there is a reason to."""
        self._save(done)
        self._saved = time.monotonic()
        if reason:
            raise Interrupted(
                f"{self.run.stem}: {reason} after iteration {done}; --resume goes on from there"
            )

    def finish(self) -> None:
        """Write the last state and picture, then the checkpoint."""
        iterations = self.run.config.iterations
        self._save(iterations)
        self._pictures("final")
        save_checkpoint(self.run.checkpoint, self._checkpoint(iterations))
        self._complete = True

    def close(self) -> None:
        """Close the loggers."""
        self._loggers.close(self._complete)

    # What is written.

    def _save(self, done: int) -> None:
        """Write the resume state, but never weights that are not finite over a good one."""
        for part, weights in zip(("generator", "encoder"), self.model.weights(), strict=True):
            if not all(value.isfinite().all() for value in weights.values()):  # losses precede the last step
                raise self._diverged(f"a weight of the {part} is not finite", done - 1)
        self._log.sync()
        write_state(
            self.run.state,
            run=self.identity,
            iteration=done,
            wall_seconds=self._wall_seconds(),
            bf16=self.model.bf16,
            compiled=self.compiled,
            device=self.model.device.type,
            arithmetic=arithmetic(self.model.device),
            threads=torch.get_num_threads(),
            trainable=self.model.state(),
        )

    def _diverged(self, what: str, iteration: int) -> RunError:
        kept = f"; the last good state is {self.run.state}" if self.run.state.exists() else ""
        return RunError(
            f"{self.run.stem} diverged: {what} at iteration {iteration}{kept}; "
            "try a lower learning rate (--print-config shows the settings under optim) or --precision fp32"
        )

    def _pictures(self, name: str) -> None:
        checkpoint = self._checkpoint(self.run.config.iterations)
        save_traversal(checkpoint, self.run.folder / f"traversal-{name}.png", self.model.device)

    def _initial(self) -> dict[str, Any]:
        assert self.run.init_from is not None
        return {"file": self.run.init_from.name, "content": self.identity["init_from"]}

    @property
    def seconds(self) -> float:
        """How long this process has trained it."""
        return time.monotonic() - self._started

    def _wall_seconds(self) -> float:
        return self._earlier + self.seconds

    def _checkpoint(self, iteration: int) -> Checkpoint:
        """The model as it stands before ``iteration``."""
        model, run = self.model, self.run
        generator, encoder = model.weights()
        generator_output, encoder_output = model.outputs()
        config = {
            "architecture": {"name": run.config.architecture, **model.architecture_options()},
            "generator_output": generator_output,
            "encoder_output": encoder_output,
            "training": self.identity["config"],
        }
        provenance = {
            "source": "trained",
            "dataset": self.identity["dataset"],
            "dataset_fingerprint": self.identity["fingerprint"],
            **({} if run.dataset in DATASETS.names() else {"dataset_path": run.dataset}),
            **({"skip_broken": True} if run.config.data.skip_broken else {}),
            "seed": run.seed,
            **({"init_from": self._initial()} if run.init_from else {}),
            "iteration": iteration,
            "precision": "bf16" if model.bf16 else "fp32",
            **({"compiled": True} if self.compiled else {}),
            "wall_seconds": round(self._wall_seconds(), 1),
            "versions": versions(),
        }
        return Checkpoint(run.model, config, model.image_shape, model.latents, generator, encoder, provenance)


def looks_at(iteration: int, device: torch.device) -> bool:
    """Whether to look at the losses of an iteration: on CUDA now and then, as looking waits for the GPU."""
    return device.type != "cuda" or (iteration + 1) % 50 == 0


def _recorded_precision(run: Run, state: dict[str, Any]) -> bool:
    bf16 = bool(state["bf16"])
    if run.precision != "auto" and (run.precision == "bf16") != bf16:
        recorded = "bf16" if bf16 else "fp32"
        raise UsageError(f"{run.folder} was started with --precision {recorded}; go on with that")
    return bf16


def _recorded_compile(run: Run, state: dict[str, Any]) -> bool:
    compiled = bool(state["compiled"])
    if run.compile and not compiled:
        raise UsageError(f"{run.folder} was started without --compile; go on without it")
    return compiled

"""What one training run is: its request, its output paths, and what makes two runs the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.config import TrainConfig
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training.initial import initial_content

LOCK = ".lock"
STATE = "resume.pt"


@dataclass(frozen=True)
class Run:
    """A request to train one model.

    ``name`` is the stem of the outputs (default ``<model>_<dataset>_seed-<seed>``); ``deadline`` is when to
    stop and save, in seconds since the epoch; ``init_from`` is a checkpoint whose weights it begins with;
    ``preset`` is what the configuration goes by in messages.
    """

    model: str
    config: TrainConfig
    dataset: str
    seed: int = 0
    out: Path = Path("ckpts")
    name: str | None = None
    resume: bool = False
    overwrite: bool = False
    deadline: float | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False
    init_from: Path | None = None
    preset: str | None = None

    @property
    def stem(self) -> str:
        """Name shared by the checkpoint and the folder beside it."""
        return self.name or f"{self.model}_{dataset_stem(self.dataset)}_seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """The finished model."""
        return self.out / f"{self.stem}.pt"

    @property
    def folder(self) -> Path:
        """Log, configuration, pictures and resume state."""
        return self.out / self.stem

    @property
    def state(self) -> Path:
        """The resume state."""
        return self.folder / STATE

    def logs(self, iteration: int) -> bool:
        """Whether the scalars of an iteration (counted from 0) are logged; the last one's are, always."""
        done = iteration + 1
        return done % self.config.log.every == 0 or done == self.config.iterations


def dataset_stem(spec: str) -> str:
    """A data set's part of a file name: its name, or the stem of its path."""
    path = Path(spec).resolve()
    return path.name if path.is_dir() else path.stem


def describe(run: Run, dataset: Dataset) -> dict[str, Any]:
    """What makes two runs the same: model, configuration, data, seed, first weights (not what is logged)."""
    config = run.config.model_dump(mode="json", exclude={"log"})
    return {
        "model": run.model,
        "config": config,
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "seed": run.seed,
        **({"init_from": initial_content(run.init_from)} if run.init_from else {}),
    }


def is_same_run(checkpoint: Checkpoint, identity: dict[str, Any]) -> bool:
    provenance = checkpoint.provenance
    found = {
        "model": checkpoint.model,
        "config": checkpoint.config.get("training"),
        "dataset": provenance.get("dataset"),
        "fingerprint": provenance.get("dataset_fingerprint"),
        "seed": provenance.get("seed"),
        **({"init_from": provenance["init_from"]["content"]} if "init_from" in provenance else {}),
    }
    return same_identity(found, identity)


def same_identity(found: dict[str, Any], identity: dict[str, Any]) -> bool:
    """Whether what :func:`describe` gave then and gives now is one run.

    A setting that did not exist then had what is its default now.
    """
    return found == identity or _completed(found) == identity


def _completed(found: dict[str, Any]) -> dict[str, Any] | None:
    """With all settings; None where there is no such configuration."""
    try:
        config = MODELS.get(found["model"]).Config.model_validate(found["config"])
    except (KeyError, TypeError, ValueError, UsageError):  # whatever a file may hold
        return None
    return found | {"config": config.model_dump(mode="json", exclude={"log"})}

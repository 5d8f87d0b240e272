"""Configuration of a training run: pydantic models, YAML presets, dotted overrides.

A configuration is made in this order: the preset's YAML file over the preset it names as ``base``, then
``--config``, then ``--set``. A preset may stand in for another on data sets that it names. Each kind of model
has its own class (see :mod:`disentangle_cli.models`); unknown keys are errors everywhere.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from disentangle_cli.bounds import BATCH, DIMENSIONS, ITERATIONS, SIDE
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.nearest import choose_one, did_you_mean
from disentangle_cli.plain import read_yaml
from disentangle_cli.registry import plugin_folder
from disentangle_cli.settings import Strict, merge

PRESETS = Path(__file__).parent / "presets"
AUTO = "auto"
"""The architecture that is chosen by the size of the images."""


class Staircase(Strict):
    """A value that moves by ``step`` at every multiple of ``every``, ``times`` times, never below 0."""

    start: float = 0.0
    """At iteration 0."""
    step: float = 0.0
    """What each change adds."""
    every: int = Field(default=1, ge=1)
    """Iterations between two changes; scaled when the length of the run is."""
    times: int = Field(default=0, ge=0)
    """Changes in all."""

    def at(self, iteration: int) -> float:
        """The value in force at an iteration counted from 0."""
        return max(0.0, self.start + self.step * min(self.times, iteration // self.every))

    def changes_at(self, iteration: int) -> bool:
        """Whether ``iteration`` is the first with a new value."""
        return iteration > 0 and iteration % self.every == 0 and iteration // self.every <= self.times

    def scaled(self, factor: float) -> "Staircase":
        """The same staircase for a run ``factor`` times as long."""
        return self.model_copy(update={"every": max(1, round(self.every * factor))})


class Ramp(Strict):
    """A value that goes linearly from ``start`` to ``end`` and stays there."""

    start: float = 0.0
    """At iteration 0."""
    end: float = 0.0
    """At the end of the way, and from there on."""
    over: int = Field(default=1, ge=1)
    """Iterations on the way; scaled when the length of the run is."""

    def at(self, iteration: int) -> float:
        """The value in force at an iteration counted from 0."""
        return self.start + (self.end - self.start) * min(1.0, iteration / self.over)

    def scaled(self, factor: float) -> "Ramp":
        """The same ramp for a run ``factor`` times as long."""
        return self.model_copy(update={"over": max(1, round(self.over * factor))})


class Fall(Strict):
    """A value that goes from ``start`` to ``end`` by equal factors in equal times."""

    start: float = Field(gt=0)
    """At the beginning."""
    end: float = Field(gt=0)
    """At the end."""

    def at(self, progress: float) -> float:
        """The value when ``progress`` of the way is over, 0 to 1."""
        return self.start * math.pow(self.end / self.start, min(1.0, progress))


class _Scaled:
    """Marks a number of iterations that follows the length of the run, as schedules do."""


Length = Annotated[int, ITERATIONS, _Scaled()]
"""A number of iterations; scaled when the length of the run is."""


class BlockConfig(Strict):
    """One block of latents."""

    kind: Literal["uniform", "normal", "grid"] = "uniform"
    """The prior of each."""
    dim: Annotated[int, DIMENSIONS] = Field(ge=1)
    """How many."""
    low: float = -1.0
    """Of ``uniform``."""
    high: float = 1.0
    """Of ``uniform``."""
    mean: float = 0.0
    """Of ``normal``."""
    std: float = 1.0
    """Of ``normal``."""
    values: tuple[float, ...] = ()
    """Of ``grid``, equally likely."""

    def block(self, name: str, code: bool) -> Block:
        """The latent block this describes."""
        return Block(name=name, code=code, **self.model_dump())


class LatentsConfig(Strict):
    """Codes, then noise (none for autoencoders)."""

    codes: BlockConfig
    """Latents that the encoder reads."""
    noise: BlockConfig | None = None
    """Latents that it does not."""

    def latents(self) -> Latents:
        """The latent specification: codes first, noise last."""
        blocks = [self.codes.block("codes", True)]
        return Latents([*blocks, self.noise.block("noise", False)] if self.noise else blocks)


class DataConfig(Strict):
    """How images are read; None keeps what the data set has (64 pixels for a folder)."""

    size: Annotated[int | None, SIDE] = Field(default=None, ge=8)
    """Side of the images."""
    channels: Literal[1, 3] | None = None
    """Grey or colour."""
    class_folders: bool = True
    """Whether folders of pictures are classes, where there is no ``factors.csv``."""
    skip_broken: bool = False
    """Whether pictures that cannot be read are left out."""


class LogConfig(Strict):
    """What is written during training, and how often, in iterations (0: never)."""

    every: int = Field(default=100, ge=1)
    """Rows of log.csv and TensorBoard events."""
    images_every: int = Field(default=0, ge=0)
    """Traversal grids."""
    score_every: int = Field(default=0, ge=0)
    """FactorVAE score on a small sample (200 groups of 50 images), where the data set has labels."""
    state_seconds: float = Field(default=60.0, gt=0)
    """Seconds between two writes of the resume state."""


class TrainConfig(Strict):
    """What every model's configuration has."""

    architecture: str = AUTO
    """The networks; ``auto``: those of the model for the size of the images."""
    iterations: Annotated[int, ITERATIONS] = Field(ge=1)
    """Length of the run; schedules do not follow (``--iterations`` scales them, too)."""
    batch_size: Annotated[int, BATCH] = Field(ge=2)
    """Images per iteration."""
    latents: LatentsConfig
    data: DataConfig = DataConfig()
    log: LogConfig = LogConfig()

    def scaled_to(self, iterations: int) -> "TrainConfig":
        """The same run with ``iterations`` iterations; everything scheduled moves in proportion."""
        scaled: TrainConfig = _scale(self, iterations / self.iterations)
        return scaled.model_copy(update={"iterations": iterations})


def _scale(config: Any, factor: float) -> Any:
    if isinstance(config, Staircase | Ramp):
        return config.scaled(factor)
    if isinstance(config, BaseModel):
        parts = {key: _scale(getattr(config, key), factor) for key in type(config).model_fields}
        for key, field in type(config).model_fields.items():
            if any(isinstance(mark, _Scaled) for mark in field.metadata):
                parts[key] = round(parts[key] * factor)
        return config.model_copy(update=parts)
    return config


def preset_folder(model: str) -> Path:
    """Where the presets of a model lie: with dcr's, or ``presets/NAME`` beside the module that brings it."""
    beside = None if (PRESETS / model).is_dir() else plugin_folder("disentangle_cli.models", model)
    return (beside / "presets" if beside else PRESETS) / model


def preset_names(model: str) -> list[str]:
    """The presets a model has, in alphabetical order; a model of another package may have none."""
    return sorted(path.stem for path in preset_folder(model).glob("*.yaml"))


def read_preset(model: str, preset: str) -> dict[str, Any]:
    """The nested dict of a preset, laid over its ``base``: a preset of the same model, or ``model/preset``.

    Raises:
        UsageError: the model has no preset of that name, or its bases are missing or go in a circle.
    """
    if preset not in preset_names(model):
        raise UsageError(f"{model} has no preset {preset!r}; {choose_one(preset, preset_names(model))}")
    return _with_base(f"{model}/{preset}", ())


def stand_ins(model: str, preset: str) -> dict[str, str]:
    """Data sets for which another preset of the model stands in for ``preset``, each with that preset.

    Such a preset says so: ``for: {paper: [teapots]}``.

    Raises:
        UsageError: one says it in another form.
    """
    found: dict[str, str] = {}
    for name in preset_names(model):
        path = preset_folder(model) / f"{name}.yaml"
        said = read_yaml(path).get("for", {})
        if not isinstance(said, dict) or not all(isinstance(listed, list) for listed in said.values()):
            raise UsageError(f"{path}: for must name presets and data sets, like {{paper: [teapots]}}")
        found |= {str(dataset): name for dataset in said.get(preset, [])}
    return found


def _with_base(name: str, above: tuple[str, ...]) -> dict[str, Any]:
    """A preset by its full name; ``above`` are those whose base it is, one of the other."""
    if name in above:
        raise UsageError(f"preset {above[0]}: its bases go in a circle: {' -> '.join([*above, name])}")
    model, _, preset = name.partition("/")
    if preset not in preset_names(model):
        raise UsageError(
            f"preset {above[-1]}: there is no base {name}{did_you_mean(preset, preset_names(model))}"
        )
    found = read_yaml(preset_folder(model) / f"{preset}.yaml")
    found.pop("for", None)  # of this preset alone
    if (base := found.pop("base", None)) is None:
        return found
    return merge(_with_base(str(base) if "/" in str(base) else f"{model}/{base}", (*above, name)), found)

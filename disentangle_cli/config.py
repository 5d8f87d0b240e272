"""Configuration of a training run: pydantic models.

A configuration is made in this order: the preset (:mod:`disentangle_cli.preset_files`), then ``--config``,
then ``--set``. Each kind of model has its own class (see :mod:`disentangle_cli.models`); unknown keys are
errors everywhere.
"""

import math
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from disentangle_cli.bounds import BATCH, DIMENSIONS, ITERATIONS, SIDE
from disentangle_cli.fields import Unit
from disentangle_cli.latents import Block, Latents
from disentangle_cli.settings import Strict

AUTO = "auto"
"""The architecture that is chosen by the size of the images."""


class Staircase(Strict):
    """A value that moves by ``step`` at every multiple of ``every``, ``times`` times, never below 0."""

    start: float = 0.0
    """At iteration 0."""
    step: float = 0.0
    """What each change adds."""
    every: Annotated[int, Unit("iterations")] = Field(default=1, ge=1)
    """Iterations between two changes; scaled when the length of the run is."""
    times: Annotated[int, Unit("changes")] = Field(default=0, ge=0)
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

    def changes(self, iterations: int) -> list[int]:
        """The iterations of a run of that length that are the first with a new value."""
        return list(range(self.every, iterations, self.every)[: self.times]) if self.step else []


class Ramp(Strict):
    """A value that goes linearly from ``start`` to ``end`` and stays there."""

    start: float = 0.0
    """At iteration 0."""
    end: float = 0.0
    """At the end of the way, and from there on."""
    over: Annotated[int, Unit("iterations")] = Field(default=1, ge=1)
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


class Milestone(NamedTuple):
    """An iteration of a run, counted from 0, with which something begins, and what."""

    iteration: int
    name: str


class _Scaled:
    """Marks a number of iterations that follows the length of the run, as schedules do."""


Length = Annotated[int, ITERATIONS, _Scaled(), Unit("iterations")]
"""A number of iterations; scaled when the length of the run is."""


class BlockConfig(Strict):
    """One block of latents."""

    kind: Literal["uniform", "normal", "grid"] = "uniform"
    """The prior of each."""
    dim: Annotated[int, DIMENSIONS, Unit("dimensions")] = Field(ge=1)
    """How many."""
    low: float = -1.0
    """Lowest value, of ``uniform``."""
    high: float = 1.0
    """Highest value, of ``uniform``."""
    mean: float = 0.0
    """Mean, of ``normal``."""
    std: float = 1.0
    """Standard deviation, of ``normal``."""
    values: tuple[float, ...] = ()
    """Values, of ``grid``, equally likely."""

    def block(self, name: str, code: bool) -> Block:
        """The latent block this describes."""
        return Block(name=name, code=code, **self.model_dump())


class LatentsConfig(Strict):
    """Codes, then noise (none for autoencoders)."""

    codes: BlockConfig
    """Latents that the encoder reads."""
    noise: BlockConfig | None = None
    """Latents that the encoder does not read."""

    def latents(self) -> Latents:
        """The latent specification: codes first, noise last."""
        blocks = [self.codes.block("codes", True)]
        return Latents([*blocks, self.noise.block("noise", False)] if self.noise else blocks)


class DataConfig(Strict):
    """How images are read; None keeps what the data set has (64 pixels for a folder)."""

    size: Annotated[int | None, SIDE, Unit("pixels")] = Field(default=None, ge=8)
    """Side of the images."""
    channels: Literal[1, 3] | None = None
    """Grey or colour."""
    class_folders: bool = True
    """Whether folders of pictures are classes, where there is no ``factors.csv``."""
    skip_broken: bool = False
    """Whether pictures that cannot be read are left out."""


class LogConfig(Strict):
    """What is written during training, and how often, in iterations (0: never)."""

    every: Annotated[int, Unit("iterations")] = Field(default=100, ge=1)
    """Between two rows of log.csv and of loggers; the last iteration has one in any case."""
    images_every: Annotated[int, Unit("iterations")] = Field(default=0, ge=0)
    """Between two traversal grids (0: none but at the end)."""
    score_every: Annotated[int, Unit("iterations")] = Field(default=0, ge=0)
    """Between two FactorVAE scores on a small sample (200 groups of 50 images), where the data set has
    labels (0: none)."""
    state_seconds: Annotated[float, Unit("seconds")] = Field(default=60.0, gt=0)
    """Between two writes of the resume state."""
    loggers: tuple[str, ...] | None = None
    """Where the rows go besides log.csv: ``tensorboard``, ``wandb``, ``mlflow``; None: TensorBoard where it
    is installed."""


class TrainConfig(Strict):
    """What every model's configuration has."""

    architecture: str = AUTO
    """The networks; ``auto``: those of the model for the size of the images."""
    iterations: Annotated[int, ITERATIONS, Unit("iterations")] = Field(ge=1)
    """Length of the run; schedules do not follow (``--iterations`` scales them, too)."""
    batch_size: Annotated[int, BATCH, Unit("images")] = Field(ge=2)
    """Images per iteration."""
    latents: LatentsConfig
    """Codes and noise."""
    data: DataConfig = DataConfig()
    """How images are read."""
    log: LogConfig = LogConfig()
    """What is written during training."""

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

"""From what the user asked for to a validated configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disentangle_cli.config import TrainConfig, merge, override, read_preset, validate
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.plain import read_yaml

DEFAULT_PRESET = "fast"
MAX_SEED = 2**32 - 1
"""The same for all commands, and what numpy's older generators take."""
RUN_KEYS = ("model", "dataset", "seed")
"""Keys that a run's ``config.yaml`` has besides its settings."""


def from_earlier(config_file: Path | None) -> dict[str, Any]:
    """Data set and seed that a configuration file names, where it does (a run's own ``config.yaml``).

    Raises:
        UsageError: the file cannot be read, or they are not a text and a number.
    """
    found = read_yaml(config_file) if config_file else {}
    if not isinstance(found.get("dataset", ""), str):
        raise UsageError(f"{config_file}: dataset must be a text")
    if type(seed := found.get("seed", 0)) is not int or not 0 <= seed <= MAX_SEED:
        raise UsageError(f"{config_file}: seed must be a whole number from 0 to {MAX_SEED}")
    return {key: found[key] for key in ("dataset", "seed") if key in found}


def configure(
    model: str,
    preset: str | None = None,
    iterations: int | None = None,
    sets: Sequence[str] = (),
    config_file: Path | None = None,
) -> TrainConfig:
    """The configuration of a run: preset, then ``config_file``, then ``sets`` (``a.b=c``), then the length.

    ``iterations`` stretches or shrinks the whole schedule. A ``config_file`` may be the ``config.yaml`` of
    an earlier run.

    Raises:
        UsageError: unknown names, unreadable files, values that do not fit.
    """
    if model not in MODELS.names():
        raise UsageError(f"unknown model {model!r}; choose one of: {', '.join(MODELS.names())}")
    settings: dict[str, Any] = read_preset(model, preset or DEFAULT_PRESET)
    where = f"preset {preset or DEFAULT_PRESET}"
    if config_file is not None:
        given = read_yaml(config_file)
        if given.get("model", model) != model:
            raise UsageError(f"{config_file}: is for another --model: {str(given['model'])[:100]}")
        settings = merge(settings, {key: value for key, value in given.items() if key not in RUN_KEYS})
        where = str(config_file)
        validate(MODELS.get(model).Config, settings, where)
    for assignment in sets:
        settings = override(settings, assignment)
        where = "--set"
    config: TrainConfig = validate(MODELS.get(model).Config, settings, where)
    if iterations is not None:
        if iterations < 1:
            raise UsageError(f"--iterations must be at least 1, not {iterations}")
        config = config.scaled_to(iterations)
    return config

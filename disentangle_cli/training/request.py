"""From what the user asked for to validated configurations and seeds."""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from disentangle_cli.bounds import RUNS
from disentangle_cli.config import TrainConfig
from disentangle_cli.datasets import published_name
from disentangle_cli.devices import pick_device
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import split_spec
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.nearest import choose_one
from disentangle_cli.nested import merge, nest
from disentangle_cli.output import log
from disentangle_cli.plain import read_yaml
from disentangle_cli.preset_files import preset_names, read_preset, stand_ins
from disentangle_cli.settings import (
    assignments,
    check_once,
    read_assignment,
    split_assignment,
    validate,
)

DEFAULT_PRESET = "fast"
MAX_SEED = 2**32 - 1
"""The same for all commands, and what numpy's older generators take."""
MAX_RUNS = RUNS.most
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
    settings: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """The configuration of a run: preset, ``config_file``, ``settings``, ``sets`` (``a.b=c``), the length.

    ``settings`` are nested, or have dotted keys: ``{"info.weight": 0.5}`` is ``{"info": {"weight": 0.5}}``.

    ``iterations`` stretches or shrinks the whole schedule. A ``config_file`` may be the ``config.yaml`` of
    an earlier run.

    Raises:
        UsageError: unknown names, unreadable files, values that do not fit.
    """
    if model not in MODELS.names():
        raise UsageError(f"unknown model {model!r}; {choose_one(model, MODELS.names())}")
    kind = MODELS.get(model).Config
    preset = preset or _default(model)
    chosen: dict[str, Any] = read_preset(model, preset) if preset else {}
    where = f"preset {preset}" if preset else f"the defaults of {model}"
    if config_file is not None:
        given = read_yaml(config_file)
        if given.get("model", model) != model:
            raise UsageError(f"{config_file}: is for another --model: {str(given['model'])[:100]}")
        chosen = merge(chosen, {key: value for key, value in given.items() if key not in RUN_KEYS})
        where = str(config_file)
        validate(kind, chosen, where)
    before, after = assignments(settings or {}, ""), assignments(sets, "write it as name=value")
    check_once([one.key for one in (*before, *after)], "--set")
    if settings:
        chosen, where = merge(chosen, nest(settings)), "settings"
        validate(kind, chosen, where)
    for assignment in after:
        chosen, where = merge(chosen, nest({assignment.key: assignment.value})), "--set"
    config = validate(kind, chosen, where)
    if iterations is not None:
        if iterations < 1:
            raise UsageError(f"--iterations must be at least 1, not {iterations}")
        config = config.scaled_to(iterations)
    return config


def chosen_preset(
    model: str, dataset: str, preset: str | None, config: Path | None, device: str, executor: str
) -> str | None:
    """The preset of a run: the one asked for, or that for the device, as it is on the data set."""
    if preset is None and config is None and split_spec(executor)[0] == "local":
        preset = default_on(model, device)
    return preset_on(dataset, model, preset)


def preset_on(dataset: str, model: str, preset: str | None = None) -> str | None:
    """The preset that stands in for ``preset`` (None: the default) on a data set; itself where none does.

    Raises:
        UsageError: there is no such data set, or a preset does not say rightly what it stands in for.
    """
    wanted = preset or _default(model)
    others = stand_ins(model, wanted) if wanted else {}
    if not others or (chosen := others.get(name := published_name(dataset))) is None:
        return preset
    log(f"preset {wanted} for data set {name}: {model}/{chosen}")
    return chosen


def default_on(model: str, device: str) -> str | None:
    """The preset that None stands for on a device, where it is not the one for all devices, which None stays.

    Raises:
        UsageError: there is no such device.
    """
    wanted = MODELS.get(model).gpu_preset if model in MODELS.names() else ""
    if wanted not in preset_names(model) or pick_device(device).type != "cuda":
        return None
    log(f"on a GPU {model} is trained by preset {wanted}, the official schedule; --preset fast is shorter")
    return wanted


def _default(model: str) -> str | None:
    return DEFAULT_PRESET if preset_names(model) else None


def parse_seeds(text: str) -> list[int]:
    """``"0-4,7"`` -> [0, 1, 2, 3, 4, 7]; ranges include both ends.

    Raises:
        UsageError: not of that form, empty, or more than 10,000 seeds.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,10})(?:-([0-9]{1,10}))?\s*", part)
        if match is None:
            raise UsageError(f"--seeds {text!r}: write it like 0-4 or 0,2,5")
        first, last = int(match[1]), int(match[2] or match[1])
        if last > MAX_SEED:
            raise UsageError(f"--seeds {text!r}: seeds go up to {MAX_SEED}")
        if not first <= last < first + MAX_RUNS:
            raise UsageError(f"--seeds {text!r}: a range goes up, over {RUNS}")
        seeds += range(first, last + 1)
    return list(dict.fromkeys(seeds))


def parse_sweeps(sweeps: Sequence[str]) -> list[list[str]]:
    """``["a.b=1,10", "c=x,y"]`` -> the four lists of assignments, e.g. ``["a.b=1", "c=x"]``.

    Raises:
        UsageError: not of the form ``name=value,value``, a key or a value that comes twice, or more than
            10,000 combinations.
    """
    axes: dict[str, list[str]] = {}
    check_once([split_assignment(sweep)[0] for sweep in sweeps], "--sweep")
    for sweep in sweeps:
        key, values = split_assignment(sweep)
        chosen = _split_values(values)
        if not all(chosen):
            raise UsageError(f"--sweep {sweep!r}: write it like {key}=1,10,20")
        meant: list[Any] = []
        for value in chosen:
            if (one := read_assignment(f"{key}={value}")[1]) in meant:
                raise UsageError(f"--sweep {sweep!r}: the value {value} is there twice")
            meant.append(one)
        axes[key] = [f"{key}={value}" for value in chosen]
    combinations = [list(one) for one in itertools.islice(itertools.product(*axes.values()), MAX_RUNS + 1)]
    if len(combinations) > MAX_RUNS:
        raise UsageError(f"--sweep: so many combinations are too many: {RUNS}")
    return combinations


def _split_values(text: str) -> list[str]:
    """Split at commas that are not inside brackets or braces."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]

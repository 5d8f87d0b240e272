"""The YAML files of presets: what each says, over the preset that it names as ``base``, and what it is for.

A preset begins with a comment that says what it is for. It may stand in for another on data sets that it
names. Nothing here imports torch: shells complete the names.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import choose_one, did_you_mean
from disentangle_cli.nested import flat, merge
from disentangle_cli.plain import MAX_YAML, read_yaml
from disentangle_cli.reading import read_whole
from disentangle_cli.registry import plugin_folder

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """One preset of a model.

    Attributes:
        purpose: what it is for, in words.
        iterations: length of the run; None where the file leaves it to the model.
        base: the preset that it changes, as ``model/preset``.
        stands_in: data sets on which it is taken for another preset, by that preset.
        differs: what it says that the base does not, by dotted name.
    """

    model: str
    name: str
    purpose: str
    iterations: int | None
    base: str | None
    stands_in: dict[str, list[str]]
    differs: dict[str, Any]


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
    return {
        dataset: name
        for name in preset_names(model)
        for dataset in _stands_in(model, name, _read(model, name)).get(preset, [])
    }


def describe_preset(model: str, preset: str) -> Preset:
    """What a preset is.

    Raises:
        UsageError: there is none of that name, or it or a base of it is no preset.
    """
    whole, said = read_preset(model, preset), _read(model, preset)
    base = said.pop("base", None)
    stands_in = _stands_in(model, preset, said)
    said.pop("for", None)
    return Preset(
        model,
        preset,
        purpose=_comment(_path(model, preset)),
        iterations=whole.get("iterations"),
        base=None if base is None else _full(model, base),
        stands_in=stands_in,
        differs=dict(flat(said)),
    )


def _path(model: str, preset: str) -> Path:
    return preset_folder(model) / f"{preset}.yaml"


def _read(model: str, preset: str) -> dict[str, Any]:
    return read_yaml(_path(model, preset))


def _full(model: str, base: object) -> str:
    return str(base) if "/" in str(base) else f"{model}/{base}"


def _stands_in(model: str, preset: str, said: dict[str, Any]) -> dict[str, list[str]]:
    found = said.get("for", {})
    if not isinstance(found, dict) or not all(isinstance(listed, list) for listed in found.values()):
        path = _path(model, preset)
        raise UsageError(f"{path}: for must name presets and data sets, like {{paper: [teapots]}}")
    return {str(other): [str(dataset) for dataset in listed] for other, listed in found.items()}


def _comment(path: Path) -> str:
    """The comment that a file begins with, on one line; empty where there is none."""
    lines = read_whole(path, "cannot be read", MAX_YAML).decode(errors="replace").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.removeprefix("#").strip() for line in comment)


def _with_base(name: str, above: tuple[str, ...]) -> dict[str, Any]:
    """A preset by its full name; ``above`` are those whose base it is, one of the other."""
    if name in above:
        raise UsageError(f"preset {above[0]}: its bases go in a circle: {' -> '.join([*above, name])}")
    model, _, preset = name.partition("/")
    if preset not in preset_names(model):
        meant = did_you_mean(preset, preset_names(model))
        raise UsageError(f"preset {above[-1]}: there is no base {name}{meant}")
    found = _read(model, preset)
    found.pop("for", None)  # of this preset alone
    if (base := found.pop("base", None)) is None:
        return found
    return merge(_with_base(_full(model, base), (*above, name)), found)

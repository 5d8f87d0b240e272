"""``dcr presets``: the named settings of each model, and what they are for."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from disentangle_cli.command_line import completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.preset_files import Preset

COLUMNS = ["model", "preset", "iterations", "base", "stands in for", "what it is for"]

PROSE = ("stands in for", "what it is for")
OPTIONAL = ("stands in for", "base")


@examples(
    "dcr presets  # of all models",
    "dcr presets infogan-cr  # and where each differs from its base",
)
def presets_cli(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="Of this model only.", **completion.one_of("models")),
    ] = None,
    fmt: options.FormatOption = Format.table,
) -> None:
    """List the presets of a model, or of all: what each is for, its length, what it changes.

    A preset is what --preset names; it says only how it differs from its base.
    """
    from disentangle_cli.errors import UsageError
    from disentangle_cli.nearest import choose_one
    from disentangle_cli.output import log
    from disentangle_cli.preset_files import describe_preset, preset_names

    if model is not None and model not in options.MODEL_NAMES:
        raise UsageError(f"unknown model {model!r}; {choose_one(model, options.MODEL_NAMES)}")
    models = options.MODEL_NAMES if model is None else [model]
    found = [describe_preset(one, name) for one in models for name in preset_names(one)]
    if not found:
        log(f"{model} has no presets: it starts from the defaults that `dcr settings train -m {model}` lists")
    doc = document("presets", presets=list(map(asdict, found)))
    if fmt is Format.csv:
        emit(doc, fmt, [*COLUMNS, "differs"], [[*_row(one), _differs(one)] for one in found])
        return
    if model is None:
        emit(doc, fmt, COLUMNS, [_row(one) for one in found], prose=PROSE, optional=OPTIONAL)
        return
    rows = [_row(one)[1:] for one in found]
    emit(doc, fmt, COLUMNS[1:], rows, f"presets of {model}", prose=PROSE, optional=OPTIONAL)
    if fmt is Format.table and found:
        rows = [[one.name, _differs(one)] for one in found]
        title = "where each differs from its base"
        emit({}, fmt, ["preset", "what it sets"], rows, title, prose=["what it sets"])


def _row(preset: "Preset") -> list[object]:
    on = [f"{other} on {' '.join(datasets)}" for other, datasets in preset.stands_in.items()]
    base = preset.base and preset.base.removeprefix(f"{preset.model}/")
    return [preset.model, preset.name, preset.iterations, base, ", ".join(on) or None, preset.purpose]


def _differs(preset: "Preset") -> str:
    return " ".join(f"{name}={_written(value)}" for name, value in preset.differs.items())


def _written(value: object) -> str:
    """As ``--set`` takes it."""
    return json.dumps(value, separators=(",", ":")).replace('"', "")

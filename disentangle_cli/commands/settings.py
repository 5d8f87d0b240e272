"""``dcr settings``: what ``--set`` can change."""

import re
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from disentangle_cli.command_line import completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit, terminal_width
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.fields import Setting

DSPRITES = 737_280
FULL = 100
"""Characters of a line from which on a terminal has room for all columns."""
COLUMNS = ["name", "type", "default", "unit", "range", "meaning"]

settings_app = typer.Typer(help="List what --set can change.", no_args_is_help=True)


@settings_app.command("train")
@examples(
    "dcr settings train --model infogan-cr",
    "dcr settings train --model vae --preset study --format csv",
)
def train_cli(
    model: options.ModelName,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            "-p",
            help="Whose values are the defaults.",
            show_default="fast",
            autocompletion=completion.presets,
        ),
    ] = None,
    fmt: options.FormatOption = Format.table,
) -> None:
    """List the settings of a model's training."""
    from disentangle_cli.fields import list_settings
    from disentangle_cli.modelling.trainable import MODELS
    from disentangle_cli.training import configure

    values = configure(model, preset).model_dump(mode="json")
    _print("train", list_settings(MODELS.get(model).Config, values, heads=fmt is Format.table), fmt)


@settings_app.command("centrality")
@examples(
    "dcr settings centrality",
    "dcr settings centrality --format json",
)
def centrality_cli(fmt: options.FormatOption = Format.table) -> None:
    """List the settings of the selection methods."""
    from disentangle_cli.fields import list_settings
    from disentangle_cli.selection.settings import Settings

    _print("centrality", list_settings(Settings), fmt)


@settings_app.command("score")
@examples(
    "dcr settings score --metrics dci,sap",
    "dcr settings score --protocol disentanglement-lib --format csv",
)
def score_cli(
    metrics: options.Metrics = None,
    protocol: options.Protocol = "infogan-cr",
    fmt: options.FormatOption = Format.table,
) -> None:
    """List the settings of metrics, and the sample counts that dSprites is scored with."""
    from disentangle_cli.fields import list_settings
    from disentangle_cli.measurement.settings import protocol_settings, settings_of
    from disentangle_cli.metrics import METRICS
    from disentangle_cli.scoring import Options
    from disentangle_cli.scoring.plan import Counts, plan_for

    found: list[Setting] = []
    for name in Options(metrics=",".join(options.listed(metrics) or ["all"]), protocol=protocol).names:
        values = protocol_settings(name, protocol, drawn=True)
        listed = list_settings(settings_of(METRICS.get(name)), values)
        found += [replace(setting, name=f"{name}.{setting.name}") for setting in listed]
    counts = list_settings(Counts, plan_for(protocol, DSPRITES).model_dump())
    found += [replace(setting, name=f"data.{setting.name}") for setting in counts]
    _print("score", found, fmt)


def _print(command: str, settings: list["Setting"], fmt: Format) -> None:
    doc = document(f"settings-{command}", settings=list(map(asdict, settings)))
    if fmt is Format.table and (terminal_width(sys.stdout) or FULL) < FULL:
        told = [" ".join(filter(None, [s.meaning, _within(s)])) for s in settings]
        rows = [[s.name, _text(s.default), about] for s, about in zip(settings, told, strict=True)]
        emit(doc, fmt, ["name", "default", "meaning"], rows, prose=["meaning"])
        return
    span = _short if fmt is Format.table else str
    rows = [
        [s.name, s.type, _text(s.default), s.unit or None, span(s.range) or None, s.meaning] for s in settings
    ]
    emit(doc, fmt, COLUMNS, rows, prose=["range", "meaning"], optional=["type", "unit", "range"])


def _text(default: object) -> str | None:
    """As text, since one column holds numbers and words."""
    return None if default is None else str(default)


def _short(span: str) -> str:
    return re.sub(r"at least (\S+) and at most (\S+)", r"\1 to \2", span)


def _within(setting: "Setting") -> str:
    """Range and unit behind the meaning: ``(2 to 1048576 images)``."""
    found = " ".join(filter(None, [_short(setting.range), setting.unit]))
    return f"({found})" if found else ""

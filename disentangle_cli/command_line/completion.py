"""What a shell completes for the values of options: names, and the keys of ``--set``.

Nothing here imports what is heavy: names are those of files, keys are read from sources. What only some
completions need is imported by them.
"""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer

from disentangle_cli.measurement.protocols import PROTOCOLS
from disentangle_cli.registry import Registry

SHORT = 60
"""Characters of what a shell shows beside a name; longer texts are wrapped."""

Complete = Callable[[typer.Context, str], list[Any]]


def names(package: str, separator: str = "-") -> list[str]:
    """The names in the registry of a package, without importing it."""
    return Registry[object](f"disentangle_cli.{package}", "", separator).names()


def one_of(package: str, *more: str) -> dict[str, Complete]:
    """Keywords of an option that takes a name of a registry, or one of ``more``."""
    return {"autocompletion": lambda ctx, incomplete: starting(incomplete, [*names(package), *more])}


def several_of(package: str, *more: str, separator: str = "-") -> dict[str, Complete]:
    """Keywords of an option that takes a list ``a,b`` of names of a registry, or of ``more``."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Any]:
        before, comma, last = incomplete.rpartition(",")
        rest = [name for name in [*names(package, separator), *more] if name not in before.split(",")]
        return [f"{before}{comma}{name}" for name in starting(last, rest)]

    return {"autocompletion": complete}


def starting(incomplete: str, known: Iterable[str]) -> list[str]:
    """Those of ``known`` that begin as the word does."""
    return [name for name in known if name.startswith(incomplete)]


def presets(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Presets of the model that is named, each with what it is for; of all models where none is."""
    from disentangle_cli.preset_files import describe_preset, preset_names

    models = chosen(ctx, "model") or names("models")
    found = {name: model for model in models for name in preset_names(model)}
    told = {name: describe_preset(found[name], name).purpose for name in starting(incomplete, found)}
    # one line: fish takes a second one for another name
    return [(name, textwrap.shorten(purpose, SHORT, placeholder=" ...")) for name, purpose in told.items()]


def protocols(ctx: typer.Context, incomplete: str) -> list[str]:
    """Protocols of scoring."""
    return starting(incomplete, PROTOCOLS)


def keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """``KEY=`` for ``--set`` of train, score and centrality."""
    from disentangle_cli.command_line.source_keys import scoring_keys, selection_keys, training_keys

    if ctx.command.name == "train":
        found = [key for model in chosen(ctx, "model") or names("models") for key in training_keys(model)]
    elif ctx.command.name == "centrality":
        found = selection_keys()
    else:
        found = scoring_keys(_metrics(ctx))
    return [f"{key}=" for key in starting(incomplete, dict.fromkeys(found))]


def thresholds(ctx: typer.Context, incomplete: str) -> list[str]:
    """``METRIC=`` for gates."""
    return [f"{name}=" for name in starting(incomplete, _metrics(ctx))]


def _metrics(ctx: typer.Context) -> list[str]:
    """The metrics that are named, or all of them."""
    known = names("metrics", "_")
    named = [name for text in chosen(ctx, "metrics") for name in text.split(",") if name in known]
    return named or known


def chosen(ctx: typer.Context, option: str) -> Sequence[str]:
    """What an option that came before was given, where it is of this command and was given."""
    found = ctx.params.get(option)
    return [found] if isinstance(found, str) else [text for text in found or [] if isinstance(text, str)]

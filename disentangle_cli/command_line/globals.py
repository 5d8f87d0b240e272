"""The options every command takes, whether they are written before or after its name."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from disentangle_cli import output
from disentangle_cli.command_line.flags import Command, Group

_PANEL = "Global options"

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only data and errors.", rich_help_panel=_PANEL)
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell more on stderr.", rich_help_panel=_PANEL)
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks (also DCR_DEBUG=1).", rich_help_panel=_PANEL)
]
_OPTIONS: dict[str, Any] = {"quiet": Quiet, "verbose": Verbose, "debug": Debug}


def add_global_options(app: typer.Typer) -> None:
    """Give every command of ``app``, nested ones included, the global options."""
    for command in app.registered_commands:
        command.cls = Command
        if command.callback is not None:
            command.callback = _with_options(command.callback)
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance is not None:
            add_global_options(group.typer_instance)


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command)

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> Any:
        chosen = {name: arguments.pop(name) or None for name in _OPTIONS}
        output.configure(**chosen)
        return command(**arguments)

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    hints = get_type_hints(command, include_extras=True)
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added]
    )
    wrapper.__annotations__ = {**hints, **_OPTIONS}
    return wrapper

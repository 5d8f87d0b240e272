"""Examples of commands, which stand at the end of their help: whole command lines, to copy and to change."""

from collections.abc import Callable
from typing import TypeVar

import typer

C = TypeVar("C", bound=Callable[..., object])
WIDTH = 76
"""Characters that a line may have, so that none is broken on a terminal of 80 columns."""


def examples(*lines: str) -> Callable[[C], C]:
    """Decorator of a command: what its help shows, at least two lines like ``dcr info a.pt  # why``."""

    def attach(command: C) -> C:
        vars(command)["examples"] = lines
        return command

    return attach


def examples_of(command: Callable[..., object] | None) -> tuple[str, ...]:
    """The lines that :func:`examples` gave a command."""
    return tuple(vars(command).get("examples", ())) if command is not None else ()


def add_examples(app: typer.Typer) -> list[str]:
    """Put the examples of every command of ``app`` into its help, and of a group the first of each in it.

    Returns:
        The first example of each command.
    """
    firsts: list[str] = []
    for command in app.registered_commands:
        if lines := examples_of(command.callback):
            command.epilog = epilog(lines)
            firsts.append(lines[0])
    for group in app.registered_groups:
        if group.typer_instance is not None and (lines := tuple(add_examples(group.typer_instance))):
            group.epilog = epilog(lines)
            firsts.append(lines[0])
    return firsts


def epilog(lines: tuple[str, ...]) -> str:
    """The end of a help page: the lines with their comments one below the other, where they fit."""
    parts = [line.partition("  # ") for line in lines]
    longest = max(len(command) for command, _, _ in parts)
    texts = []
    for command, mark, why in parts:
        aligned = f"{command:{longest}}{mark}{why}".rstrip()
        texts.append(aligned if len(aligned) <= WIDTH else f"{command}{mark}{why}")
    return "\n".join(["[bold]Examples[/bold]", *(text.replace("[", r"\[") for text in texts)])

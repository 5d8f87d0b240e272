"""All commands of the command line."""

from collections.abc import Iterator
from typing import Any


def commands_of(command: Any, name: str = "dcr") -> Iterator[tuple[str, Any]]:
    """Every command below ``command`` and itself, by its full name; ``typer.main.get_command`` gives one."""
    yield name, command
    for part, inner in vars(command).get("commands", {}).items():
        yield from commands_of(inner, f"{name} {part}")

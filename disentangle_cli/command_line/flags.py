"""Commands whose help shows no type beside a flag, since a flag takes no value."""

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


class _Flags:
    """Of a command's parameters, ``--help`` included."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if isinstance(param, TyperOption) and (param.is_flag or param.count) and param.metavar is None:
                param.metavar = ""
        return params


class Command(_Flags, TyperCommand):
    """A command."""


class Group(_Flags, TyperGroup):
    """A command with commands of its own."""

"""What a command says when all is done: how long it took, what it wrote, and what to type next."""

import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.command_line.printing import as_columns, print_table
from disentangle_cli.progress import duration

FEW = 3
"""Paths up to which a suggested command names each."""

_begun: list[float] = []


def begin() -> None:
    """Note when a command began."""
    _begun[:] = [time.monotonic()]


def close(rows: Mapping[str, str], next_commands: Iterable[Sequence[str | Path]] = ()) -> None:
    """Tell on stderr: the time, ``rows`` of names and texts, and commands to type next; not with --quiet."""
    taken = time.monotonic() - (_begun[0] if _begun else time.monotonic())
    commands = [" ".join(map(_quoted, command)) for command in next_commands]
    named = {"next" if i == 0 else " " * (i + 3): command for i, command in enumerate(commands)}
    output.block({"done in": duration(taken), **rows, **named})


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stderr; not with --quiet."""
    if output.speaking():
        print_table(as_columns(columns, rows), None, (), (), sys.stderr)


def again(paths: Sequence[str | Path], *more: str | Path) -> list[str | Path]:
    """The command line of this process with its paths in short, and more options."""
    names = [str(path) for path in paths]
    kept: list[str | Path] = ["dcr"]
    for argument in sys.argv[1:]:
        if argument not in names:
            kept.append(argument)
        elif argument == names[0]:
            kept += short(names)
    return [*kept, *more]


def short(paths: Sequence[str | Path]) -> list[str | Path]:
    """Paths as one types them: many by a pattern that matches them and no other, if there is one."""
    found = [Path(path) for path in paths]
    if len(found) <= FEW:
        return list(found)
    folder, names = found[0].parent, [path.name for path in found]
    start, end = _common(names), _common([name[::-1] for name in names])[::-1]
    pattern = f"{start}*{end}"
    alike = all(path.parent == folder for path in found)
    if alike and sorted(path.name for path in folder.glob(pattern)) == sorted(set(names)):
        return [Pattern(str(folder / pattern))]
    return list(found)


class Pattern(str):
    """What the shell is to expand."""


def _common(names: Sequence[str]) -> str:
    """What all begin with."""
    shortest, longest = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(shortest, longest, strict=False)) if a != b), len(shortest))
    return shortest[:same]


def _quoted(word: str | Path) -> str:
    if isinstance(word, Pattern):
        folder, star, rest = word.partition("*")
        return f"{shlex.quote(folder) if folder else ''}{star}{shlex.quote(rest) if rest else ''}"
    return shlex.quote(str(word))

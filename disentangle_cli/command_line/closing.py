"""What a command says when all is done: how long it took, what it wrote, and what to type next."""

import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.command_line.printing import as_columns, print_table, terminal_width
from disentangle_cli.progress import duration

FEW = 2
"""Paths up to which a suggested command names each."""

_begun: list[float] = []


def begin() -> None:
    """Note when a command began."""
    _begun[:] = [time.monotonic()]


def close(rows: Mapping[str, str], next_commands: Iterable[Sequence[str | Path]] = ()) -> None:
    """Tell on stderr: the time, ``rows`` of names and texts, and commands to type next; not with --quiet."""
    taken = time.monotonic() - (_begun[0] if _begun else time.monotonic())
    told = [("done in", duration(taken)), *rows.items()]
    beside = max(len(name) for name, _ in [*told, ("next", "")]) + 2
    width = terminal_width(sys.stderr)
    room = None if width is None else width - beside
    lines = [line for command in next_commands for line in _typed(list(map(_quoted, command)), room)]
    output.block([*told, *(("next" if i == 0 else "", line) for i, line in enumerate(lines))])


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


def _typed(words: Sequence[str], width: int | None) -> list[str]:
    """A command in as many lines as it takes, which a shell reads as one."""
    lines = [words[0]]
    for word in words[1:]:
        if width is not None and len(lines[-1]) + len(word) + len("  \\") > width:
            lines[-1] += " \\"
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def _quoted(word: str | Path) -> str:
    if isinstance(word, Pattern):
        folder, star, rest = word.partition("*")
        return f"{shlex.quote(folder) if folder else ''}{star}{shlex.quote(rest) if rest else ''}"
    return shlex.quote(str(word))

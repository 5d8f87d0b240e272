"""The data of a command on stdout: as a table, as JSON or as CSV."""

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from disentangle_cli.documents import jsonable, to_json
from disentangle_cli.files import is_stdout
from disentangle_cli.lines import one_line, shown

MISSING = "-"  # in a table
WIDE = 100_000  # characters, wider than any table


class Format(StrEnum):
    """How a command prints its data."""

    table = "table"
    json = "json"
    csv = "csv"


def emit(
    doc: dict[str, Any],
    fmt: Format,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str | None = None,
) -> None:
    """Print a command's data to stdout: ``doc`` as JSON, or ``columns`` and ``rows`` as CSV or a table."""
    if fmt is Format.json:
        _stdout(to_json(doc))
    elif fmt is Format.csv:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(map(shown, columns))
        writer.writerows([[_csv_cell(cell) for cell in row] for row in rows])
        _stdout(buffer.getvalue().removesuffix("\n"))
    else:
        _print_table(columns, rows, title)


def emit_paths(paths: Iterable[str | Path], fmt: Format, doc: dict[str, Any] | None = None) -> None:
    """Print the paths a command wrote: one a line, or ``doc`` with ``"paths"`` added as JSON."""
    names = [str(path) for path in paths]
    if any(map(is_stdout, names)):  # it holds what was asked for; a path would damage that
        return
    if fmt is Format.json:
        _stdout(to_json({**(doc or {}), "paths": names}))
    elif fmt is Format.csv:
        emit({}, fmt, ["path"], [[name] for name in names])
    elif names:
        _stdout("\n".join(shown(_printable(name)) for name in names))


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(
        title=Text(one_line(title)) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if terminal else None,
        padding=(0, 1) if terminal else (0, 2, 0, 0),
        pad_edge=terminal,
    )
    for index, name in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) or hasattr(row[index], "dtype") for row in rows)
        table.add_column(Text(one_line(name)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text(_table_cell(cell)) for cell in row])
    if terminal:
        Console(file=sys.stdout).print(table)
        return
    # on a pipe no cell is ever cut or wrapped: the "screen" is as wide as it takes
    buffer = io.StringIO()
    Console(file=buffer, width=WIDE, color_system=None, force_terminal=False).print(table)
    _stdout("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()))


def _plain(cell: object) -> object:
    return jsonable(cell) if hasattr(cell, "tolist") or isinstance(cell, float) else cell


def _table_cell(cell: object) -> str:
    cell = _plain(cell)
    if cell is None:
        return MISSING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4f}" if cell == 0 or 1e-3 <= abs(cell) < 1e6 else f"{cell:.3e}"
    return one_line(cell)


def _csv_cell(cell: object) -> object:
    cell = _plain(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell if isinstance(cell, int | float) else shown(cell)


def _stdout(text: str) -> None:
    sys.stdout.write(_printable(text) + "\n")
    sys.stdout.flush()


def _printable(text: str) -> str:
    """The text with escapes for what the encoding of stdout has no signs for."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)

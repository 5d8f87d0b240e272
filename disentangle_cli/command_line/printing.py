"""The data of a command on stdout: as a table, as JSON or as CSV."""

import csv
import io
import sys
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from rich.cells import cell_len

from disentangle_cli.command_line.tables import GLUE, Column, lay_out, wrapped
from disentangle_cli.documents import jsonable, to_json
from disentangle_cli.files import is_stdout
from disentangle_cli.lines import one_line, shown

MISSING = "-"  # in a table


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
    *,
    prose: Collection[str] = (),
    optional: Sequence[str] = (),
    legend: Sequence[str] = (),
) -> None:
    """Print a command's data to stdout: ``doc`` as JSON, or ``columns`` and ``rows`` as CSV or a table.

    Args:
        doc: the document.
        fmt: which of them.
        columns: names, plain words for a table.
        rows: a cell may be a list of texts, which stands in several lines where the terminal is narrow.
        title: above a table.
        prose: the columns of a table that hold sentences, which may be wrapped.
        optional: the columns that a table may do without on a narrow terminal, those first left out first.
        legend: sentences below a table.
    """
    if fmt is Format.json:
        _stdout(to_json(doc))
    elif fmt is Format.csv:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(map(shown, columns))
        writer.writerows([[_csv_cell(cell) for cell in row] for row in rows])
        _stdout(buffer.getvalue().removesuffix("\n"))
    else:
        print_table(as_columns(columns, rows, prose), title, optional, legend, sys.stdout)


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
        _stdout("\n".join(shown(_printable(name, sys.stdout)) for name in names))


def as_columns(
    names: Sequence[str], rows: Sequence[Sequence[object]], prose: Collection[str] = ()
) -> list[Column]:
    """The columns of a table as texts."""
    lists = {name for i, name in enumerate(names) if any(isinstance(row[i], list) for row in rows)}
    return [
        Column(
            name=one_line(name),
            cells=[_table_cell(row[i]) for row in rows],
            numeric=any(_is_number(row[i]) for row in rows),
            prose=name in lists or name in prose,
        )
        for i, name in enumerate(names)
    ]


def print_table(
    table: Sequence[Column], title: str | None, optional: Sequence[str], legend: Sequence[str], stream: TextIO
) -> None:
    """Print a table as wide as the terminal at most; where there is none, as wide as it is."""
    width = terminal_width(stream)
    laid = lay_out(table, width, optional)
    if laid.left_out:
        names = ", ".join(laid.left_out)
        legend = [
            f"left out, as there is no room: {names} (a wider terminal or --format csv has them)",
            *legend,
        ]
    head = [*([one_line(title)] if title else []), *laid.head]
    if width is not None and laid.head:
        head.append("\u2500" * max(map(cell_len, [*laid.head, *laid.body])))
    below = [line for text in legend for line in wrapped(one_line(text), width)]
    _print_lines(head, [*laid.body, *below], stream)


def terminal_width(stream: TextIO) -> int | None:
    """Characters of a line of the terminal that a stream goes to; None where it goes elsewhere."""
    if not stream.isatty():
        return None
    from rich.console import Console

    return Console(file=stream).width


def _print_lines(head: Sequence[str], lines: Sequence[str], stream: TextIO) -> None:
    """Lines, the first of them bold on a terminal; as long as they are."""
    if stream.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console(file=stream, highlight=False)
        for line in head:
            console.print(Text(_printable(line, stream), style="bold"), soft_wrap=True)
        head = []
    stream.write("".join(f"{_printable(line, stream)}\n" for line in (*head, *lines)))
    stream.flush()


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or hasattr(cell, "dtype")


def _plain(cell: object) -> object:
    return jsonable(cell) if hasattr(cell, "tolist") or isinstance(cell, float) else cell


def _table_cell(cell: object) -> str:
    cell = _plain(cell)
    if cell is None or cell == []:
        return MISSING
    if isinstance(cell, list):
        return ", ".join(one_line(text).replace(" ", GLUE) for text in cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4f}" if cell == 0 or 1e-3 <= abs(cell) < 1e6 else f"{cell:.3e}"
    return one_line(cell)


def _csv_cell(cell: object) -> object:
    cell = ", ".join(cell) if isinstance(cell, list) else _plain(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell if isinstance(cell, int | float) else shown(cell)


def _stdout(text: str) -> None:
    sys.stdout.write(_printable(text, sys.stdout) + "\n")
    sys.stdout.flush()


def _printable(text: str, stream: TextIO) -> str:
    """The text with escapes for what the encoding of a stream has no signs for."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)

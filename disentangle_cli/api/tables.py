"""Tables of results, before anybody decides how they are shown."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.documents import jsonable


@dataclass(frozen=True)
class Table:
    """A table under a title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def to_html(tables: Iterable[Table]) -> str:
    """Tables for a notebook."""
    return "\n".join(map(_table, tables))


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in table.rows)
    return f"<table><caption>{html.escape(table.title)}</caption><tr>{head}</tr>\n{rows}\n</table>"


def _cell(value: object) -> str:
    number = jsonable(value) if hasattr(value, "tolist") else value
    text = f"{number:.4f}" if isinstance(number, float) else "-" if number is None else str(number)
    return f"<td>{html.escape(text)}</td>"


def paths_html(paths: Iterable[Path]) -> str:
    """Paths for a notebook."""
    return "<br>".join(html.escape(str(path)) for path in paths)

"""A selection as one HTML page: tables, pictures and settings in a file of its own."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from disentangle_cli import __version__

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2028; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } img { max-width: 100%; height: auto }
div { overflow-x: auto } table { border-collapse: collapse }
th, td { padding: .2rem .8rem .2rem 0; text-align: left }
th { border-bottom: 1px solid #787e8a; font-weight: 600 } td { border-bottom: 1px solid #e4e6ea }
td.number { text-align: right; font-variant-numeric: tabular-nums }
footer { color: #787e8a; margin-top: 2rem }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page; everything but the title may be missing."""

    title: str
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    picture: Image.Image | None = None


def page(title: str, sections: Iterable[Section]) -> str:
    """The text of the page; it needs no other file and no network."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>',
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1>",
    ]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts += [f"<p>{html.escape(note)}</p>" for note in section.notes]
        if section.columns:
            parts.append(_table(section.columns, section.rows))
        if section.picture is not None:
            parts.append(f'<img alt="{html.escape(section.title)}" src="{_data_url(section.picture)}">')
    parts.append(f"<footer>dcr {html.escape(__version__)}</footer></html>")
    return "\n".join(parts) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>\n{body}\n</table></div>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{value:.4f}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    return f"<td>{'-' if value is None else html.escape(str(value))}</td>"


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

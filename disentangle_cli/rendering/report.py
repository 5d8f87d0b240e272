"""Results as one HTML page: tables, matrices, pictures and settings in a file of its own."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template

from PIL import Image

from disentangle_cli import __version__
from disentangle_cli.documents import versions
from disentangle_cli.lines import escaped
from disentangle_cli.rendering.drawing import png_url
from disentangle_cli.rendering.palette import DARK_INK, FAINT, TABLE_RULE, colour_of, contrasting, css

STYLE = Template("""
body { font: 15px/1.5 system-ui, sans-serif; color: $ink; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } img { max-width: 100%; height: auto }
div { overflow-x: auto } table { border-collapse: collapse }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }
th { border-bottom: 1px solid $faint; font-weight: 600 } td { border-bottom: 1px solid $rule }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
div.matrices { display: flex; flex-wrap: wrap; gap: 1rem 2rem } figure { margin: 0 }
figcaption { color: $faint; font-size: 13px } table.matrix { font-size: 11px; line-height: 1.2 }
table.matrix th { border: 0; padding: 1px 4px; font-weight: 400; color: $faint }
table.matrix td { border: 1px solid #fff; padding: 3px; text-align: center; min-width: 2.2rem }
footer { color: $faint; margin-top: 2rem }
""").substitute(ink=css(DARK_INK), faint=css(FAINT), rule=css(TABLE_RULE))


@dataclass(frozen=True)
class Matrix:
    """A small heat map: every cell holds its number on a colour that tells its size; None stays empty."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]


@dataclass(frozen=True)
class Section:
    """A part of the page; everything but the title may be missing."""

    title: str
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    matrices: Sequence[Matrix] = ()
    picture: Image.Image | None = None


def settings_table(title: str, settings: Mapping[str, object]) -> Section:
    """Settings and versions of packages, a row each."""
    rows = [[name, value] for name, value in {**settings, **versions()}.items()]
    return Section(title, columns=["setting", "value"], rows=rows)


def page(title: str, sections: Iterable[Section]) -> str:
    """The text of the page; it needs no other file and no network."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{escaped(title)}</title>',
        f"<style>{STYLE}</style><h1>{escaped(title)}</h1>",
    ]
    parts += map(fragment, sections)
    parts.append(f"<footer>dcr {escaped(__version__)}</footer></html>")
    return "\n".join(parts) + "\n"


def fragment(section: Section) -> str:
    """One part, as it stands in the page or in a notebook."""
    parts = [f"<h2>{escaped(section.title)}</h2>"]
    parts += [f"<p>{escaped(note)}</p>" for note in section.notes]
    if section.columns:
        parts.append(_table(section.columns, section.rows))
    if section.matrices:
        figures = "\n".join(map(_figure, section.matrices))
        parts.append(f'<div class="matrices">{figures}</div>')
    if section.picture is not None:
        parts.append(f'<img alt="{escaped(section.title)}" src="{png_url(section.picture)}">')
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{escaped(column)}</th>" for column in columns)
    body = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>\n{body}\n</table></div>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{value:.4f}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    return f"<td>{'-' if value is None else escaped(value)}</td>"


def _figure(matrix: Matrix) -> str:
    """Colours run from 0 to the largest number; a negative one has the colour of 0."""
    known = [value for row in matrix.values for value in row if value is not None and math.isfinite(value)]
    high = max([*known, 0.0]) or 1.0
    head = "".join(f"<th>{escaped(name)}</th>" for name in matrix.columns)
    body = "\n".join(
        f"<tr><th>{escaped(name)}</th>{''.join(_shaded(value, high) for value in row)}</tr>"
        for name, row in zip(matrix.rows, matrix.values, strict=True)
    )
    caption = f"<figcaption>{escaped(matrix.title)}</figcaption>"
    return f'<figure>{caption}<table class="matrix"><tr><th></th>{head}</tr>\n{body}\n</table></figure>'


def _shaded(value: float | None, high: float) -> str:
    if value is None or not math.isfinite(value):
        return "<td></td>"
    colour = colour_of(value, 0.0, high)
    text = f"{value:d}" if isinstance(value, int) else f"{value:.2f}"
    style = f"background:{css(colour)};color:{css(contrasting(colour))}"
    return f'<td style="{style}">{text}</td>'

"""Columns of a csv file, as spreadsheets of any system write them."""

import codecs
import csv
import io
import itertools

from disentangle_cli.data.zipped import File, opened
from disentangle_cli.errors import UsageError

MAX_BYTES = 2**29
"""Of one table: a million rows of twenty codes have some 400 MB."""
SEPARATORS = ",;\t"
"""The first of these in the header line parts the fields: Excel writes what its country wants."""


def read_columns(path: File) -> dict[str, list[str]]:
    """The columns of a csv file by name, as texts without white space around them; blank lines are skipped.

    Raises:
        UsageError: unreadable, empty, a nameless or repeated column, a row of another length, an empty field.
    """
    with opened(path, "cannot be read as csv; save it as 'CSV UTF-8'", MAX_BYTES) as file:
        utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-16" if utf16 else "utf-8-sig", newline="")
        header = text.readline()
        separator = next((sign for sign in SEPARATORS if sign in header), ",")
        text.seek(0)
        reader = csv.reader(text, delimiter=separator, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if line]
    if len(lines) < 2:
        raise UsageError(f"{path}: needs a header line and at least one row")
    names = lines[0][1]
    if len(set(names)) != len(names) or not all(names):
        raise UsageError(f"{path}: the names in the header must not be empty or occur twice")
    for number, line in lines[1:]:
        if len(line) != len(names):
            raise UsageError(
                f"{path}: line {number} has {len(line)} fields, the header {len(names)}{_hint(line)}"
            )
        if "" in line:
            raise UsageError(f"{path}: column {names[line.index('')]} has an empty field in line {number}")
    return {name: [line[k] for _, line in lines[1:]] for k, name in enumerate(names)}


def _hint(line: list[str]) -> str:
    pairs = itertools.pairwise(cell.lstrip("+-") for cell in line)
    decimals = any(left.isdecimal() and right.isdecimal() for left, right in pairs)
    return " (if its numbers have decimal commas, write them with a point)" if decimals else ""

"""``log.csv`` of a run, read."""

import csv
import io
import math
from pathlib import Path

from disentangle_cli.reading import reading

MAX_BYTES = 2**30
Rows = list[dict[str, str]]


def read_log(path: Path, lenient: bool = False) -> tuple[list[str], Rows]:
    """Columns and rows of a log; a last row that is not whole is left out: it is being written, or never was.

    With ``lenient``, as a curve takes it, numbers may be infinite or none (``nan``), and rows that go back to
    an earlier iteration stand for those from there on.

    Raises:
        UsageError: it is not what a run writes.
    """
    with reading(path, "not a log of a run, or a damaged one", MAX_BYTES) as file:
        data = file.read()
        if lenient and b"\n" not in data and b"iteration".startswith(data[:9]):
            return ["iteration"], []
        if lenient:
            data = data[: data.rfind(b"\n") + 1]
        text = data.decode()
        fields, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        if rows and not text.endswith("\n"):
            del rows[-1]
        distinct = len(set(fields)) == len(fields)
        if fields[:1] != ["iteration"] or not distinct or not all(map(str.isprintable, fields)):
            raise ValueError("the names of its columns")
        kept: list[list[str]] = []
        for number, row in enumerate(rows, start=2):
            if len(row) != len(fields) or not _is_count(row[0]):
                raise ValueError(f"row {number}")
            if not all(_is_number(cell, lenient) for cell in row[1:]):
                raise ValueError(f"row {number}")
            while kept and int(kept[-1][0]) >= int(row[0]):
                if not lenient:
                    raise ValueError(f"row {number} is out of order")
                kept.pop()
            kept.append(row)
    return fields, [dict(zip(fields, row, strict=True)) for row in kept]


def _is_count(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal()


def _is_number(cell: str, lenient: bool) -> bool:
    try:
        return not cell or math.isfinite(float(cell)) or lenient
    except ValueError:
        return False

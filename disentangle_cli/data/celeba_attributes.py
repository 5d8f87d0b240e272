"""The table of attributes of CelebA: ``list_attr_celeba.txt``, or the csv file of that stem."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentangle_cli.data.labels import MAX_FACTORS, Labels, labels_of_values
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

MAX_BYTES = 2**28
NAMES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
PLACES = (".", "Anno", "..", "../Anno", "../..", "../../Anno")
"""Where the table is, seen from the pictures: beside them, or as the authors' download has it."""


def find_attributes(folder: Path) -> Path | None:
    """The table that belongs to the pictures in ``folder``, if there is one."""
    places = [folder.absolute() / place / name for place in PLACES for name in NAMES]
    return next((place.resolve() for place in places if place.is_file()), None)


def read_attributes(path: Path, files: Sequence[str]) -> Labels:
    """Labels of ``files`` (names, whatever their folder and suffix): each attribute is a factor, -1 or 1.

    The table has a line of names, maybe after one with the number of rows, then lines of a file's name and
    its attributes; commas part them in a csv file. Rows without a file are passed over.

    Raises:
        UsageError: it is damaged, or has no row for a file.
    """
    rows = {Path(file).stem: row for row, file in enumerate(files)}
    if len(rows) < len(files):
        raise UsageError(f"{path}: two of the images have the same name")
    with reading(path, "cannot be read as the attributes of CelebA", MAX_BYTES) as file:
        head = _fields(file.readline())
        counted = len(head) == 1 and head[0].isdecimal()
        names = _fields(file.readline()) if counted else head
        names = names[1:] if names[:1] == ["image_id"] else names
        if not 1 <= len(names) <= MAX_FACTORS or len(set(names)) < len(names):
            raise UsageError(f"{path}: the line of names must name 1 to {MAX_FACTORS:,} different attributes")
        values = np.zeros((len(files), len(names)), np.int8)
        for number, line in enumerate(file, start=3 if counted else 2):
            name, *given = _fields(line) or [""]
            if (row := rows.get(Path(name).stem)) is None:
                continue
            if len(given) != len(names) or not {"-1", "1"}.issuperset(given):
                raise UsageError(f"{path}: line {number} must have {len(names)} attributes, each -1 or 1")
            values[row] = np.array(given, np.int8)
    if (missing := np.flatnonzero(~values.any(axis=1))).size:
        raise UsageError(f"{path}: has no row for {files[missing[0]]} (and {missing.size - 1} others)")
    return labels_of_values(names, values.astype(np.float64), [False] * len(names))


def _fields(line: bytes) -> list[str]:
    return line.decode("utf-8-sig").replace(",", " ").split()

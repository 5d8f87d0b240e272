"""Files of named arrays, whatever their format: what a reader of one offers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK = 16 * 2**20
"""Bytes read at a time."""
WHOLE_LIMIT = 2**30
"""Bytes of arrays that are read in one piece."""
TOTAL_LIMIT = 64 * 2**30
"""Bytes of any one array."""
BLANK = 1000
"""Times the file that images may grow to, which are read in blocks: a dot on black grows to 600 or 800."""


@dataclass(frozen=True)
class Header:
    """Shape and type of an array in the file, known without reading it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False
    offset: int = 0  # bytes of the member before the data

    @property
    def nbytes(self) -> int:
        """Bytes of the array's data."""
        return math.prod(self.shape) * self.dtype.itemsize


class ArrayFile(Protocol):
    """The arrays of one file, whose ``kind`` is in words. All errors are UsageErrors that name the file."""

    path: Path
    kind: str

    def __contains__(self, name: str) -> bool:
        """Whether there is an array ``name``."""

    @property
    def names(self) -> list[str]:
        """Names of the arrays, as stored."""

    @property
    def unread(self) -> list[str]:
        """Names of the arrays that nobody has asked for so far."""

    def header(self, name: str) -> Header:
        """Shape and type of array ``name``, which is plain numbers or text."""

    def read(self, name: str) -> NDArray[Any]:
        """The whole array ``name``, which may take at most 1 GiB."""

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array ``name`` in pieces ``(m, ...)`` of about 16 MiB along its first axis."""

    def mend(self, name: str, expression: str, keep: Sequence[str] = (), more: str = "") -> str:
        """A line of Python that writes a copy of the file, an npz file that dcr can read.

        Array ``name`` in it is ``expression``, of numpy ``np`` and what the array is now, ``x``; those
        to ``keep`` are as they are, and ``more`` are others: ``"a=x.max(), b=..."``.
        """


def mend_line(path: Path, load: str, *arrays: str) -> str:
    """The line of :meth:`ArrayFile.mend`: the path stands in it once, as messages have an end.

    ``load`` is Python that makes ``x`` of the file at ``p``; ``arrays`` are arguments of ``np.savez``.
    """
    stem = f"p[:-{len(path.suffix)}]" if path.suffix else "p"
    saved = ", ".join([f"{stem} + '-mended'", *filter(None, arrays)])
    return f"import numpy as np; p = {str(path)!r}; {load}; np.savez({saved})"

"""A ``.npy`` file as a file of one array."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from disentangle_cli.data.array_file import BLOCK, WHOLE_LIMIT, Header, mend_line
from disentangle_cli.data.npz_reader import Pickled, read_header, read_values
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

SIGNATURE = b"\x93NUMPY"
NAME = "imgs"
"""What the array is called."""
_DAMAGED = "not a .npy file, or a damaged one"


class NpyFile:
    """The array of a ``.npy`` file, called ``imgs``. All errors are UsageErrors that name the file."""

    kind = "npy file"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def names(self) -> list[str]:
        """The one name."""
        return [NAME]

    @property
    def unread(self) -> list[str]:
        """None: there is nothing else."""
        return []

    def __contains__(self, name: str) -> bool:
        return name == NAME

    def header(self, name: str) -> Header:
        """Shape and type of the array.

        Raises:
            UsageError: it is not plain numbers or text, or its size is not what the file holds.
        """
        with reading(self.path, _DAMAGED) as file:
            try:
                return read_header(self.path, "it", file, os.fstat(file.fileno()).st_size)
            except Pickled as error:
                load = "x = np.load(p, allow_pickle=True)"
                line = mend_line(self.path, load, f"{name}=np.array(x.tolist())")
                raise UsageError(f"{error}; if you trust whoever made it, mend it with: {line}") from None

    def read(self, name: str) -> NDArray[Any]:
        """The whole array, which may take at most 1 GiB."""
        header = self.header(name)
        if header.nbytes > WHOLE_LIMIT:
            raise UsageError(
                f"{self.path}: an array in Fortran order of {header.nbytes / 2**30:.1f} GiB is too large; "
                f"mend it with: {self.mend(name, 'np.ascontiguousarray(x)')}"
            )
        with reading(self.path, _DAMAGED) as file:
            file.seek(header.offset)
            return read_values(file, header, header.shape)

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array in pieces ``(m, ...)`` of about 16 MiB along its first axis."""
        header = self.header(name)
        rows = max(1, BLOCK * header.shape[0] // max(1, header.nbytes))
        if header.fortran:
            whole = self.read(name)
            yield from (whole[start : start + rows] for start in range(0, len(whole), rows))
            return
        with reading(self.path, _DAMAGED) as file:
            file.seek(header.offset)
            for start in range(0, header.shape[0], rows):
                count = min(rows, header.shape[0] - start)
                yield read_values(file, header, (count, *header.shape[1:]))

    def mend(self, name: str, expression: str, keep: Sequence[str] = (), more: str = "") -> str:
        """See :class:`ArrayFile`."""
        return mend_line(self.path, "x = np.load(p)", f"{name}={expression}", more)

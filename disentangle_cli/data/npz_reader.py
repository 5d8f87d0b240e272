"""Reading arrays of an ``.npz`` file safely: nothing is unpickled, nothing is trusted.

A member's declared shape must account for exactly the bytes the archive says it has, and what it inflates
to must be in proportion to the file, so that a forged one cannot ask for memory that the file does not back;
and images are read in blocks, so that even an honest giant costs time and disk, not memory.
"""

import contextlib
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from disentangle_cli.data.array_file import BLANK, BLOCK, TOTAL_LIMIT, WHOLE_LIMIT, Header, mend_line
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import check_growth, reading

COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes; others can inflate to a million times their size."""


class Pickled(UsageError):
    """An array holds objects, which may run code when they are loaded."""


class NpzFile:
    """The arrays of one ``.npz`` file. All errors are UsageErrors that name the file."""

    kind = "npz file"

    def __init__(self, path: Path) -> None:
        """Open the archive's directory.

        Raises:
            UsageError: the file is not an npz file or is damaged.
        """
        self.path = path
        problem = "not an npz file, or a damaged one"
        with reading(path, problem) as file:
            if file.read(2) != b"PK":  # zipfile would pass over what stands in front, NumPy does not
                raise UsageError(f"{path}: {problem}")
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
            self._bytes = os.fstat(file.fileno()).st_size
        if any(member.compress_type not in COMPRESSION for member in members):
            raise UsageError(f"{path}: {problem} (it is compressed in a way that NumPy does not write)")
        if len({member.filename for member in members}) < len(members):
            raise UsageError(f"{path}: {problem} (it holds an array twice)")
        self._sizes = {
            member.filename.removesuffix(".npy"): member.file_size
            for member in members
            if member.filename.endswith(".npy")
        }
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    @property
    def names(self) -> list[str]:
        """Names of the arrays, as stored."""
        return list(self._sizes)

    def header(self, name: str) -> Header:
        """Shape and type of array ``name``.

        Raises:
            UsageError: it is not plain numbers or text, or its size is not what the archive holds.
        """
        with self._opened(name) as stream:
            return self._header(name, stream)

    def read(self, name: str) -> NDArray[Any]:
        """The whole array ``name``, which may take at most 1 GiB."""
        with self._opened(name) as stream:
            header = self._header(name, stream)
            if header.nbytes > WHOLE_LIMIT:
                raise UsageError(f"{self.path}: array {name} is too large ({header.nbytes / 2**30:.1f} GiB)")
            check_growth(self.path, f"array {name}", header.nbytes, self._bytes)
            found = read_values(stream, header, header.shape)
            stream.read(1)  # at the end of a member its checksum is compared
        return found

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array ``name`` in pieces ``(m, ...)`` of about 16 MiB along its first axis."""
        header = self.header(name)
        if header.fortran:
            if header.nbytes > WHOLE_LIMIT:
                line = self.mend(name, "np.ascontiguousarray(x)", sorted(self._asked))
                raise UsageError(
                    f"{self.path}: array {name}, in Fortran order, of {header.nbytes / 2**30:.1f} GiB is too "
                    f"large; mend it with: {line}"
                )
            whole = self.read(name)
            rows = max(1, len(whole) * BLOCK // max(1, header.nbytes))
            for start in range(0, len(whole), rows):
                yield whole[start : start + rows]
            return
        check_growth(self.path, f"array {name}", header.nbytes, self._bytes, BLANK)
        row = header.nbytes // max(1, header.shape[0])
        rows = max(1, BLOCK // max(1, row))
        with self._opened(name) as stream:
            self._header(name, stream)
            for start in range(0, header.shape[0], rows):
                count = min(rows, header.shape[0] - start)
                yield read_values(stream, header, (count, *header.shape[1:]))
            stream.read(1)  # at the end of a member its checksum is compared

    def mend(self, name: str, expression: str, keep: Sequence[str] = (), more: str = "") -> str:
        """See :class:`ArrayFile`."""
        kept = [key for key in keep if key in self and key != name]
        others = f"**{{k: f[k] for k in {kept}}}" if kept else ""
        return mend_line(self.path, f"f = np.load(p); x = f[{name!r}]", f"{name}={expression}", more, others)

    def _header(self, name: str, stream: IO[bytes]) -> Header:
        try:
            return read_header(self.path, f"array {name}", stream, self._sizes[name])
        except Pickled as error:
            load = f"f = np.load(p, allow_pickle=True); x = f[{name!r}]"
            line = mend_line(self.path, load, f"**{{**f, {name!r}: np.array(x.tolist())}}")
            raise UsageError(f"{error}; if you trust whoever made it, mend it with: {line}") from None

    @property
    def unread(self) -> list[str]:
        """Names of the arrays that nobody has asked for so far."""
        return [name for name in self._sizes if name not in self._asked]

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self._sizes:
            raise UsageError(f"{self.path}: no array {name}; it has: {', '.join(self._sizes) or 'none'}")
        self._asked.add(name)
        with (
            reading(self.path, f"array {name} cannot be read") as file,
            zipfile.ZipFile(file) as archive,
            archive.open(f"{name}.npy") as stream,
        ):
            yield stream


def read_npy(path: Path, problem: str, limit: int) -> NDArray[Any]:
    """The array of a ``.npy`` file of at most ``limit`` bytes; ``problem`` is what to say of a damaged one.

    Raises:
        UsageError: it cannot be read, or does not hold plain numbers or text.
    """
    with reading(path, problem, limit) as file:
        header = read_header(path, "it", file, os.fstat(file.fileno()).st_size)
        return read_values(file, header, header.shape)


def read_header(path: Path, what: str, stream: IO[bytes], size: int) -> Header:
    """The header of an array in the format of ``.npy`` files that takes, with it, ``size`` bytes.

    Raises:
        Pickled: it holds objects.
        UsageError: it is damaged, forged, or holds no numbers or texts; ``path`` and ``what`` name it.
    """
    version = npy.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(stream)
    else:
        raise UsageError(f"{path}: {what} is in a format that dcr does not read")
    if dtype.hasobject:
        raise Pickled(f"{path}: {what} holds pickled objects, which dcr never loads")
    if dtype.kind not in "biufUS":
        raise UsageError(f"{path}: {what} holds {dtype}, not numbers")
    header = Header(tuple(shape), dtype, fortran, stream.tell())
    if min(shape, default=1) < 0 or header.nbytes != size - header.offset:
        raise UsageError(
            f"{path}: {what} claims the shape {tuple(shape)}, but the file holds "
            f"{max(0, size - header.offset)} bytes of it; it is damaged or forged"
        )
    if header.nbytes > TOTAL_LIMIT:
        raise UsageError(f"{path}: {what} has {header.nbytes / 2**30:.0f} GiB; the limit is 64")
    return header


def read_values(stream: IO[bytes], header: Header, shape: tuple[int, ...]) -> NDArray[Any]:
    """The next values of an array: all of its ``shape``, or a part of it."""
    data = stream.read(math.prod(shape) * header.dtype.itemsize)
    return np.frombuffer(data, header.dtype).reshape(shape, order="F" if header.fortran else "C")

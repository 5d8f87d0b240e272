"""Reading arrays of an ``.npz`` file safely: nothing is unpickled, nothing is trusted.

A member's declared shape must account for exactly the bytes the archive says it has, so that a forged
header cannot ask for memory that the file does not back; and images are read in blocks, so that even
an honest giant costs time and disk, not memory.
"""

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError

BLOCK = 16 * 2**20  # bytes read at a time
WHOLE_LIMIT = 2**30  # bytes: arrays that are read in one piece
TOTAL_LIMIT = 64 * 2**30  # bytes of any one array
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class Header:
    """Shape and type of an array in the file, known without reading it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int  # bytes of the member before the data

    @property
    def nbytes(self) -> int:
        """Bytes of the array's data."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpzFile:
    """The arrays of one ``.npz`` file. All errors are UsageErrors that name the file."""

    def __init__(self, path: Path) -> None:
        """Open the archive's directory.

        Raises:
            UsageError: the file is not an npz file or is damaged.
        """
        self.path = path
        with self._explained("not an npz file, or a damaged one"), zipfile.ZipFile(path) as archive:
            members = {info.filename: info.file_size for info in archive.infolist()}
        self._sizes = {name.removesuffix(".npy"): n for name, n in members.items() if name.endswith(".npy")}

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
            flat = np.frombuffer(self._exactly(name, stream, header.nbytes), header.dtype)
            stream.read(1)  # at the end of a member its checksum is compared
        return flat.reshape(header.shape, order="F" if header.fortran else "C")

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array ``name`` in pieces ``(m, ...)`` of about 16 MiB along its first axis."""
        header = self.header(name)
        if header.fortran:
            whole = self.read(name)
            rows = max(1, len(whole) * BLOCK // max(1, header.nbytes))
            for start in range(0, len(whole), rows):
                yield whole[start : start + rows]
            return
        row = header.nbytes // max(1, header.shape[0])
        rows = max(1, BLOCK // max(1, row))
        with self._opened(name) as stream:
            self._header(name, stream)
            for start in range(0, header.shape[0], rows):
                count = min(rows, header.shape[0] - start)
                flat = np.frombuffer(self._exactly(name, stream, count * row), header.dtype)
                yield flat.reshape(count, *header.shape[1:])
            stream.read(1)  # at the end of a member its checksum is compared

    def _header(self, name: str, stream: IO[bytes]) -> Header:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = npy.read_array_header_2_0(stream)
        else:
            raise UsageError(f"{self.path}: array {name} is in a format that dcr does not read")
        if dtype.hasobject:
            raise UsageError(f"{self.path}: array {name} holds pickled objects, which dcr never loads")
        if dtype.kind not in "biufUS":
            raise UsageError(f"{self.path}: array {name} holds {dtype}, not numbers")
        header = Header(tuple(shape), dtype, fortran, stream.tell())
        if min(shape, default=1) < 0 or header.nbytes != self._sizes[name] - header.offset:
            raise UsageError(
                f"{self.path}: array {name} claims the shape {tuple(shape)}, but the file holds "
                f"{max(0, self._sizes[name] - header.offset)} bytes of it; it is damaged or forged"
            )
        if header.nbytes > TOTAL_LIMIT:
            raise UsageError(
                f"{self.path}: array {name} has {header.nbytes / 2**30:.0f} GiB; the limit is 64"
            )
        return header

    def _exactly(self, name: str, stream: IO[bytes], count: int) -> bytes:
        data = stream.read(count)
        if len(data) != count:
            raise UsageError(f"{self.path}: array {name} ends too early; the file is truncated")
        return data

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self._sizes:
            raise UsageError(f"{self.path}: no array {name}; it has: {', '.join(self._sizes) or 'none'}")
        with (
            self._explained(f"array {name} cannot be read"),
            zipfile.ZipFile(self.path) as archive,
            archive.open(f"{name}.npy") as stream,
        ):
            yield stream

    @contextlib.contextmanager
    def _explained(self, problem: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise UsageError(f"{self.path}: {problem} ({reason})") from error

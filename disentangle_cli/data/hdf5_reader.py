"""Reading arrays of an HDF5 file safely, through the optional package h5py.

Only what lies in the file itself is read: no links to other files, no arrays that are put together from other
files, no filters but those that come with h5py, no text or object of unknown length but a few names. What an
array inflates to must be in proportion to the file.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.data.array_file import BLANK, BLOCK, TOTAL_LIMIT, WHOLE_LIMIT, Header, mend_line
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import check_growth, reading

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MISSING = "HDF5 files need h5py: pip install 'disentangle-cli[hdf5]'"
FILTERS = frozenset({1, 2, 3, 32000})
"""What may be between the file and the values: deflate, shuffle, fletcher32, LZF. Others are plug-ins."""
MAX_OBJECTS = 1_000
"""Arrays and groups that are looked at."""
MAX_TEXTS, MAX_TEXT = 1_000, 10_000
"""Texts of variable length in an array, and characters of one."""


class Hdf5File:
    """The arrays of one HDF5 file; that of ``latents/classes`` is called ``latents_classes``."""

    kind = "HDF5 file"

    def __init__(self, path: Path) -> None:
        """List the arrays.

        Raises:
            UsageError: h5py is missing, or the file is not an HDF5 file or is damaged.
        """
        self.path = path
        self._asked: set[str] = set()
        self._paths: dict[str, str] = {}
        with self._opened("not an HDF5 file, or a damaged one") as file:
            self._bytes = os.stat(path).st_size
            self._list(file)

    def __contains__(self, name: str) -> bool:
        return name in self._paths

    @property
    def names(self) -> list[str]:
        """Names of the arrays, groups of which they are part in front."""
        return list(self._paths)

    @property
    def unread(self) -> list[str]:
        """Names of the arrays that nobody has asked for so far."""
        return [name for name in self._paths if name not in self._asked]

    def header(self, name: str) -> Header:
        """Shape and type of array ``name``.

        Raises:
            UsageError: it is not plain numbers or text, lies outside of the file, or is too large.
        """
        with self._array(name) as array:
            return self._header(name, array)

    def read(self, name: str) -> NDArray[Any]:
        """The whole array ``name``, which may take at most 1 GiB."""
        with self._array(name) as array:
            header = self._header(name, array)
            if header.nbytes > WHOLE_LIMIT:
                raise UsageError(f"{self.path}: array {name} is too large ({header.nbytes / 2**30:.1f} GiB)")
            check_growth(self.path, f"array {name}", header.nbytes, self._bytes)
            if array.dtype.kind == "O":
                return np.array([self._text(name, array[k]) for k in range(len(array))])
            return np.asarray(array[()])

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array ``name`` in pieces ``(m, ...)`` of about 16 MiB along its first axis, of whole chunks."""
        with self._array(name) as array:
            header = self._header(name, array)
            check_growth(self.path, f"array {name}", header.nbytes, self._bytes, BLANK)
            row = max(1, header.nbytes // max(1, header.shape[0]))
            rows = max(1, BLOCK // row)
            if array.chunks:
                # a chunk is decompressed whole, whatever is wanted of it
                rows = min(-(-rows // array.chunks[0]) * array.chunks[0], max(1, WHOLE_LIMIT // row))
            for start in range(0, header.shape[0], rows):
                yield np.asarray(array[start : start + rows])

    def mend(self, name: str, expression: str, keep: Sequence[str] = (), more: str = "") -> str:
        """See :class:`ArrayFile`: the copy is an npz file."""
        kept = [f"{key}={self._loaded(key)}" for key in keep if key in self and key != name]
        load = f"import h5py; f = h5py.File(p); x = f[{self._paths[name]!r}][()]"
        return mend_line(self.path, load, f"{name}={expression}", *kept, more)

    def _loaded(self, name: str) -> str:
        """An expression of the array ``name``: texts of variable length would be objects."""
        array = f"f[{self._paths[name]!r}]"
        return (
            f"np.array({array}.asstr()[()].tolist())"
            if self.header(name).dtype.kind == "U"
            else f"{array}[()]"
        )

    def _list(self, file: Any) -> None:
        """Find the arrays that hard links lead to: groups may hold each other, and other links lead away."""
        import h5py

        groups, seen = [("", file)], 0
        while groups:
            prefix, group = groups.pop(0)
            for key in group:
                if (seen := seen + 1) > MAX_OBJECTS:
                    raise UsageError(f"{self.path}: more than {MAX_OBJECTS:,} arrays and groups")
                if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                    continue
                where = f"{prefix}/{key}"
                kind = group.get(key, getclass=True)
                if kind is h5py.Dataset:
                    self._paths.setdefault(where[1:].replace("/", "_"), where)
                elif kind is h5py.Group:
                    groups.append((where, group[key]))

    def _header(self, name: str, array: Any) -> Header:
        what = f"{self.path}: array {name}"
        if array.is_virtual or array.external:
            raise UsageError(f"{what} lies in other files; copy it into one: h5repack does")
        plan = array.id.get_create_plist()
        if not {plan.get_filter(k)[0] for k in range(plan.get_nfilters())} <= FILTERS:
            raise UsageError(
                f"{what} is compressed in a way that dcr does not read; write it with compression='gzip'"
            )
        if array.shape is None:
            raise UsageError(f"{what} is empty")
        dtype = array.dtype
        if dtype.kind == "O":
            import h5py

            if h5py.check_string_dtype(dtype) is None or len(array.shape) != 1 or len(array) > MAX_TEXTS:
                line = self.mend(name, "np.array(x.tolist())")
                mended = f"; mend it with: {line}" if h5py.check_vlen_dtype(dtype) else ""
                raise UsageError(f"{what} holds objects of no fixed size, not numbers{mended}")
            dtype = np.dtype("U1")
        if dtype.kind not in "biufUS":
            raise UsageError(f"{what} holds {dtype}, not numbers")
        header = Header(array.shape, dtype)
        if header.nbytes > TOTAL_LIMIT:
            raise UsageError(f"{what} has {header.nbytes / 2**30:.0f} GiB; the limit is 64")
        if array.chunks:
            chunk = Header(array.chunks, dtype)
            check_growth(self.path, f"a chunk of array {name}", chunk.nbytes, self._bytes)
        return header

    def _text(self, name: str, raw: bytes | str) -> str:
        if len(raw) > MAX_TEXT:
            raise UsageError(f"{self.path}: array {name} holds a text of {len(raw):,} characters")
        return raw.decode(errors="replace") if isinstance(raw, bytes) else raw

    @contextlib.contextmanager
    def _array(self, name: str) -> Iterator[Any]:
        if name not in self._paths:
            raise UsageError(f"{self.path}: no array {name}; it has: {', '.join(self._paths) or 'none'}")
        self._asked.add(name)
        with self._opened(f"array {name} cannot be read") as file:
            yield file[self._paths[name]]

    @contextlib.contextmanager
    def _opened(self, problem: str) -> Iterator[Any]:
        try:
            import h5py
        except ImportError:
            raise UsageError(f"{self.path}: {MISSING}") from None
        # a lock is of no use to a reader, and on network drives it fails
        with reading(self.path, problem), h5py.File(self.path, "r", locking=False) as file:
            yield file

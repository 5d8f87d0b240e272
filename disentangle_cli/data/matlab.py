"""Reading one array of numbers from a MATLAB file, whose size is known before it is read."""

import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError
from disentangle_cli.reading import check_growth, reading

MAX_BYTES = 2**30
"""Of a file, and of an array in it."""
MAX_ELEMENTS = 1_000
CLASSES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "single", "double", "logical")
_HDF5 = "is of MATLAB 7.3; save it in MATLAB with: save(name, '-v7')"
_HEAD = 128
"""Bytes before the first element; the last two tell the order of bytes, as they read IM or MI."""
_COMPRESSED = 15
_STEP = 2**20
_PROBLEM = "not a MATLAB file, or a damaged one"


def shape_in_matlab(path: Path, name: str) -> tuple[int, ...] | None:
    """The shape of array ``name``, known from the head of the file; None if it is not there.

    Raises:
        UsageError: the file is damaged, is of another version, or the array holds no numbers.
    """
    from scipy.io import whosmat

    with reading(path, _PROBLEM, MAX_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        _check_inflated(path, file, size)
        try:
            listed = whosmat(file)
        except NotImplementedError:
            raise UsageError(f"{path}: {_HDF5}") from None
    found = next(((shape, kind) for own, shape, kind in listed if own == name), None)
    if found is None:
        return None
    shape, kind = found
    if kind not in CLASSES:
        raise UsageError(f"{path}: {name} holds {kind}, not numbers")
    if min(shape) < 1 or math.prod(shape) > MAX_BYTES:
        raise UsageError(f"{path}: {name} has the shape {shape}")
    check_growth(path, f"array {name}", math.prod(shape), size)
    return tuple(shape)


def read_matlab(path: Path, name: str) -> NDArray[Any]:
    """The array ``name`` of the file ``path``.

    Raises:
        UsageError: as :func:`shape_in_matlab`, or there is none of that name.
    """
    from scipy.io import loadmat

    if (shape := shape_in_matlab(path, name)) is None:
        raise UsageError(f"{path}: no array {name}")
    with reading(path, _PROBLEM, MAX_BYTES) as file:
        found = np.asarray(loadmat(file, variable_names=[name])[name])
    if found.shape != shape or found.dtype.kind not in "biuf":
        raise UsageError(f"{path}: {_PROBLEM}")
    return found


def _check_inflated(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse a file that inflates out of proportion: SciPy believes what elements say of their length."""
    order = "<" if file.read(_HEAD)[-2:] == b"IM" else ">"
    inflated = elements = 0
    while len(tag := file.read(8)) == 8:
        if (elements := elements + 1) > MAX_ELEMENTS:
            raise UsageError(f"{path}: holds more than {MAX_ELEMENTS:,} arrays")
        kind, nbytes = struct.unpack(f"{order}2I", tag)
        following = file.tell() + nbytes
        if kind == _COMPRESSED:
            stream = zlib.decompressobj()
            while piece := stream.unconsumed_tail or file.read(min(_STEP, following - file.tell())):
                inflated += len(stream.decompress(piece, _STEP))
                check_growth(path, "it", inflated, size)
        file.seek(following)
    file.seek(0)

"""The binary matrices of NORB: a small header, then all numbers, the last axis fastest; read through a map.

Layout (all little-endian, 32-bit words): a magic number that tells the type, the number of axes, at least
three lengths of axes, the numbers. Source: the description at https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/.
"""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

TYPES = {
    b"\x51\x4c\x3d\x1e": "<f4", b"\x53\x4c\x3d\x1e": "<f8", b"\x54\x4c\x3d\x1e": "<i4",
    b"\x55\x4c\x3d\x1e": "u1", b"\x56\x4c\x3d\x1e": "<i2",
}  # fmt: skip
"""By the magic number, as it stands in the file."""
MAX_AXES = 8


def read_norb_matrix(path: Path) -> NDArray[Any]:
    """The matrix in ``path``, which is read from the disk where it is looked at.

    Raises:
        UsageError: the file is no such matrix, or has more or fewer numbers than it says.
    """
    problem = "not a binary matrix of NORB, or a damaged one"
    with reading(path, problem) as file:
        dtype = TYPES.get(file.read(4))
        axes = int.from_bytes(file.read(4), "little")
        if dtype is None or not 1 <= axes <= MAX_AXES:
            raise UsageError(f"{path}: {problem}")
        lengths = np.frombuffer(file.read(4 * max(3, axes)), "<i4")
        shape = tuple(int(length) for length in lengths[:axes])
        start, size = file.tell(), os.fstat(file.fileno()).st_size
        if min(shape) < 1 or size - start != math.prod(shape) * np.dtype(dtype).itemsize:
            raise UsageError(f"{path}: {problem} (it says {shape} and has {size - start:,} bytes)")
        return np.memmap(file, dtype, "r", start, shape)

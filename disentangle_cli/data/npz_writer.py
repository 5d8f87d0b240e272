"""Writing ``.npz`` files whose largest array is made block by block."""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from disentangle_cli.files import atomic


@dataclass(frozen=True)
class Streamed:
    """An array of ``shape`` given as ``blocks`` along its first axis."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    blocks: Iterable[NDArray[Any]]


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any] | Streamed]) -> None:
    """Write ``arrays`` to ``path``, compressed and atomically; the same arrays give the same bytes.

    Raises:
        RunError: the file cannot be written.
    """
    # numpy.savez stamps members with the time of writing and wants every array whole
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            if not isinstance(array, Streamed):
                array = Streamed(array.shape, array.dtype, [array])
            with archive.open(info, "w", force_zip64=True) as member:
                kind = npy.dtype_to_descr(array.dtype)
                header = {"descr": kind, "fortran_order": False, "shape": array.shape}
                npy.write_array_header_1_0(member, header)
                for block in array.blocks:
                    member.write(np.ascontiguousarray(block, array.dtype).tobytes())

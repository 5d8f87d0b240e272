"""Codes computed elsewhere: the ``.npz``, ``.csv`` and ``.parquet`` files that ``dcr score`` takes."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Ints
from disentangle_cli.data.npz_reader import NpzFile
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import ARRAYS, FEW, Arrays
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.output import warn
from disentangle_cli.scoring._codes_table import READERS, read_codes_table

MAX_NUMBERS = 2**28
"""In all arrays together, 2 GiB at 8 bytes each; a full study has some 50 million."""

BESIDE = ("factor_names", "indices", "files")
"""Arrays that are no numbers to score: names of factors, and where ``generate --encode`` had rows from."""

CODES_SUFFIXES = (".npz", *READERS)


def read_codes(path: str | Path) -> Arrays:
    """Read a codes file, or a pair of ``.csv`` or ``.parquet`` files; nothing in it is ever unpickled.

    ``codes (N, K)`` and ``factors (N, F)`` must be there; the other arrays are optional and listed at
    :class:`~disentangle_cli.metrics.Arrays`, except that row numbers are half-open pairs ``[start, stop)``.
    Arrays of other names are named in a warning, and ignored.

    Raises:
        UsageError: the file is missing or damaged, or an array is malformed, of the wrong shape or not
            finite; one line that names the file and the array.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    if path.suffix.lower() in READERS:
        return read_codes_table(path)
    file = NpzFile(path)
    for name, array in ARRAYS.items():
        if array.required and name not in file:
            raise UsageError(f"{path}: has no array {name!r}; it has: {', '.join(file.names) or 'none'}")
    if other := unknown_arrays(file.names):
        warn(f"{path}: not read: {other}")
    present = [name for name in ARRAYS if name in file]
    if (count := sum(math.prod(file.header(name).shape) for name in present)) > MAX_NUMBERS:
        raise UsageError(f"{path}: {count:,} numbers are more than the {MAX_NUMBERS:,} that are taken")
    arrays: dict[str, Any] = {name: file.read(name) for name in present}
    for name, value in arrays.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise UsageError(f"{path}: {name} holds NaN or infinite values; remove those rows")
    if (names := _factor_names(file, arrays["factors"])) is not None:
        arrays["factor_names"] = names
    try:
        for name in present:
            if ARRAYS[name].kind == "row":
                arrays[name] = _row_numbers(name, arrays[name], len(arrays["codes"]))
        return Arrays(**arrays)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def unknown_arrays(names: Iterable[str]) -> str:
    """Those of ``names`` that no metric reads, and what was meant by one of them; empty without any."""
    others = sorted(set(names) - {*ARRAYS, *BESIDE})
    meant = next(filter(None, (did_you_mean(name, ARRAYS) for name in others)), "")
    return ", ".join(others) + meant


def counting_codes(arrays: Arrays) -> list[int]:
    """The codes that go up by one from row to row, as a column of ids does."""
    if arrays.codes is None or len(arrays.codes) <= FEW:
        return []
    return np.flatnonzero((np.diff(arrays.codes, axis=0) == 1).all(axis=0)).tolist()


def _row_numbers(name: str, pair: NDArray[Any], rows: int) -> Ints:
    if pair.shape != (2,) or pair.dtype.kind not in "iu" or not 0 <= pair[0] < pair[1] <= rows:
        raise UsageError(f"{name} must be two whole numbers [start, stop) within the {rows} rows")
    return np.arange(int(pair[0]), int(pair[1]), dtype=np.int64)


def _factor_names(file: NpzFile, factors: NDArray[Any]) -> tuple[str, ...] | None:
    """Texts of the optional array ``factor_names (F,)``."""
    if "factor_names" not in file:
        return None
    header = file.header("factor_names")
    if header.dtype.kind not in "US" or factors.ndim != 2 or header.shape != (factors.shape[1],):
        raise UsageError(f"{file.path}: factor_names must be texts, one per column of factors")
    raw = file.read("factor_names").tolist()
    names = tuple(n.decode(errors="replace") if isinstance(n, bytes) else str(n) for n in raw)
    if len(set(names)) != len(names):
        raise UsageError(f"{file.path}: factor_names holds a name twice")
    return names

"""Columns of a parquet file, through the optional package pyarrow."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.errors import UsageError
from disentangle_cli.lines import one_line
from disentangle_cli.reading import check_growth, reading

Cells = Doubles | list[str]
MAX_NUMBERS = 2**27
"""Rows times columns."""
MAX_BYTES = 2**31
MISSING = "parquet files need pyarrow: pip install 'disentangle-cli[parquet]'"
INDEX = "__index_level_"
"""How pandas names the columns that hold a table's index."""


def read_parquet(path: Path) -> dict[str, Cells]:
    """The columns of a parquet file by name: numbers (n,) float64, or texts.

    Whole numbers and truth values become floats, categories what they stand for. A pandas index is skipped.

    Raises:
        UsageError: pyarrow is missing, or the file is damaged, empty, has a name twice, an empty field or a
            column of another type; one line that names it.
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise UsageError(f"{path}: {MISSING}") from None
    with reading(path, "cannot be read as parquet", MAX_BYTES) as file:
        with ParquetFile(file) as parquet:
            size = os.fstat(file.fileno()).st_size
            _check_size(path, parquet.metadata, size)
            # a text that stands in a million rows is read once
            texts = [field.name for field in parquet.schema_arrow if _is_text(field.type)]
        with ParquetFile(file, read_dictionary=texts, page_checksum_verification=True) as parquet:
            table = parquet.read()
        for name in texts:
            _check_texts(path, name, table.column(name), size)
        return _columns(path, table)


def _check_size(path: Path, metadata: Any, size: int) -> None:
    numbers = metadata.num_rows * metadata.num_columns
    if numbers > MAX_NUMBERS:
        raise UsageError(f"{path}: more than {MAX_NUMBERS:,} numbers")
    pages = sum(metadata.row_group(k).total_byte_size for k in range(metadata.num_row_groups))
    check_growth(path, "the table", max(numbers * 8, pages), size)


def _check_texts(path: Path, name: str, column: Any, size: int) -> None:
    """Refuse a column that its texts, written out, make much larger than the file."""
    from pyarrow import compute

    longest = max(
        (compute.max(compute.binary_length(c.dictionary)).as_py() or 0 for c in column.chunks), default=0
    )
    check_growth(path, f"column {name}", longest * len(column), size)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    plain = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(plain) or types.is_large_string(plain))


def _columns(path: Path, table: Any) -> dict[str, Cells]:
    names = table.column_names
    if len(set(names)) != len(names):
        raise UsageError(f"{path}: a column name occurs twice")
    names = [name for name in names if not name.startswith(INDEX)]
    if not names or not table.num_rows:
        raise UsageError(f"{path}: needs at least one column and one row")
    return {name: _column(path, name, table.column(name)) for name in names}


def _column(path: Path, name: str, column: Any) -> Cells:
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise UsageError(f"{path}: column {name} has an empty field in row {row + 1}")
    kind = column.type
    if _is_text(kind):
        texts: list[str] = column.to_pylist()
        return texts
    if not any(test(kind) for test in (types.is_floating, types.is_integer, types.is_boolean)):
        raise UsageError(f"{path}: column {name} is of type {kind}; numbers or texts are wanted")
    try:
        return np.asarray(column.cast(pyarrow.float64()).to_numpy())
    except pyarrow.ArrowInvalid as error:
        raise UsageError(f"{path}: column {name}: {one_line(error)}") from None

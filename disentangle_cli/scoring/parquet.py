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
    with (
        reading(path, "cannot be read as parquet", MAX_BYTES) as file,
        ParquetFile(file, page_checksum_verification=True) as parquet,
    ):
        numbers = parquet.metadata.num_rows * parquet.metadata.num_columns
        if numbers > MAX_NUMBERS:
            raise UsageError(f"{path}: more than {MAX_NUMBERS:,} numbers")
        check_growth(path, "the table", numbers * 8, os.fstat(file.fileno()).st_size)
        return _columns(path, parquet.read())


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
    if types.is_string(kind) or types.is_large_string(kind):
        texts: list[str] = column.to_pylist()
        return texts
    if not any(test(kind) for test in (types.is_floating, types.is_integer, types.is_boolean)):
        raise UsageError(f"{path}: column {name} is of type {kind}; numbers or texts are wanted")
    try:
        return np.asarray(column.cast(pyarrow.float64()).to_numpy())
    except pyarrow.ArrowInvalid as error:
        raise UsageError(f"{path}: column {name}: {one_line(error)}") from None

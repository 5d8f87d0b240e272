"""Tables whose texts or numbers stand for far more memory than the file has bytes."""

from pathlib import Path

import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.scoring.parquet import read_parquet

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")


def write(path: Path, **columns: object) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_texts_and_numbers_of_several_row_groups(tmp_path: Path) -> None:
    table = pyarrow.table(
        {"n": [1, 2, 3], "t": ["a", "b", "a"], "large": pyarrow.array(["x"] * 3, "large_string")}
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    found = read_parquet(tmp_path / "a.parquet")
    assert found["n"].tolist() == [1.0, 2.0, 3.0]
    assert (found["t"], found["large"]) == (["a", "b", "a"], ["x"] * 3)


def test_a_long_text_in_many_rows_is_refused(tmp_path: Path) -> None:
    texts = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 200_000, "int32"), ["x" * 20_000])
    path = write(tmp_path / "a.parquet", t=texts)
    assert path.stat().st_size < 100_000
    with pytest.raises(UsageError, match="column t grows to"):
        read_parquet(path)


def test_rows_that_take_no_room_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", n=pyarrow.array([1.0]).take(pyarrow.array([0] * 14_000_000)))
    with pytest.raises(UsageError, match="the table grows to"):
        read_parquet(path)

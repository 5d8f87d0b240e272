"""``factors.csv``: tables as spreadsheets write them, and which texts are one class."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.data.csv_columns import read_columns
from disentangle_cli.data.factors_csv import read_factors_csv, to_classes
from disentangle_cli.errors import UsageError
from disentangle_cli.numerals import read_number

HERE = Path("factors.csv")
FIELDS = st.text("0123456789_.-+eE:,ab", min_size=1, max_size=6) | st.integers(0, 2**64).map(str)


@given(st.lists(FIELDS, min_size=1, max_size=6))
def test_different_texts_are_different_classes_or_refused(texts: list[str]) -> None:
    try:
        found = to_classes(HERE, "a", texts)
    except UsageError:
        return
    # a column of numbers may have zeros of both signs
    numbers = all(read_number(text) is not None for text in texts)
    distinct = {text.lstrip("+-") if numbers and read_number(text) == 0 else text for text in texts}
    assert len(set(found.classes.tolist())) == len(distinct) == len(found.class_values)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "10", "2"], [1, 10, 2]),
        (["0.5", "-1e-3", ".25"], [0.5, -1e-3, 0.25]),
        (["0.0", "-0.0", "0.0"], [0, 0, 0]),
        (["007", "008", "010"], [7, 8, 10]),
    ],
)
def test_plain_decimals_keep_their_value(texts: list[str], values: list[float]) -> None:
    assert to_classes(HERE, "a", texts).values.tolist() == values


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["9007199254740992", "9007199254740993"], "one number here"),
        (["1.1", "1.10"], "holds both 1.1 and 1.10"),
        (["01", "1"], "one number here"),
        (["0", "00"], "holds both 0 and 00"),
        (["1", "nan"], "holds nan, which is not finite"),
        (["-Inf", "0.5"], "every image needs a value"),
        (["1", "NA"], "every image needs a value"),
        (["0,5", "1,5"], "decimal comma"),
        (["0", "1,5"], "decimal comma"),
        (["nan", "nan"], "not finite"),
        (["1e999"], "not finite"),
        (["1", ""], "empty field"),
    ],
)
def test_what_is_no_class(texts: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        to_classes(HERE, "a", texts)


@pytest.mark.parametrize("text", ["file{0}a\n0.png{0}0\n", "file{0}a\r\n\r\n0.png{0}0\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_any_spreadsheet(tmp_path: Path, text: str, separator: str, encoding: str) -> None:
    path = tmp_path / "factors.csv"
    path.write_bytes(text.format(separator).encode(encoding))
    assert read_columns(path) == {"file": ["0.png"], "a": ["0"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,a\n\n0.png,0\n\n1.png\n", "line 5 has 1 fields, the header 2"),
        (b"file,a\n0.png,0,5\n", "decimal commas"),
        (b"file,a\n\n0.png,\n", "column a has an empty field in line 3"),
        ("file,a\n\xe9.png,0\n".encode("latin-1"), "CSV UTF-8"),
        (b'file,a\n"0.png,0\n1.png,1\n', "cannot be read as csv"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "factors.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_columns(path)


def written(folder: Path, *names: str) -> Path:
    path = folder / "factors.csv"
    path.write_text("\n".join(["file,a", *(f"{name},{row}" for row, name in enumerate(names))]) + "\n")
    return path


def test_paths_may_be_written_as_on_other_systems(tmp_path: Path) -> None:
    files = ["b.png", "sub/\u00e9.png", "c.png"]
    table = written(tmp_path, "./c.png", "sub\\" + unicodedata.normalize("NFD", "\u00e9.png"), "b.png")
    assert read_factors_csv(table, files).classes[:, 0].tolist() == [2, 1, 0]


def test_files_that_differ_in_nothing_else_are_told_apart(tmp_path: Path) -> None:
    files = ["a/b.png", "a\\b.png"]
    assert read_factors_csv(written(tmp_path, *files[::-1]), files).classes[:, 0].tolist() == [1, 0]


def test_an_image_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names an image twice"):
        read_factors_csv(written(tmp_path, "a.png", "./a.png"), ["a.png"])


def test_texts_are_classes_in_alphabetical_order() -> None:
    assert np.array_equal(to_classes(HERE, "a", ["11_1", "1_11", "11_1"]).classes, [0, 1, 0])

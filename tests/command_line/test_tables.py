"""No number and no name is broken, whatever the table and the terminal."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from disentangle_cli.command_line.tables import GLUE, Column, Laid, lay_out

NAMES = st.text("abcdefg_/.-0123", min_size=1, max_size=60)
SENTENCES = st.lists(NAMES, min_size=1, max_size=12).map(" ".join)
WITH_BLANKS = st.lists(NAMES, min_size=1, max_size=3).map(" ".join)
HEADS = st.lists(st.text("abcxyz", min_size=1, max_size=9), min_size=1, max_size=4).map(" ".join)


@st.composite
def tables(draw: st.DrawFn) -> list[Column]:
    rows = draw(st.integers(0, 4))
    columns = []
    for number in range(draw(st.integers(1, 12))):
        prose = draw(st.booleans())
        cells = draw(st.lists(SENTENCES if prose else WITH_BLANKS, min_size=rows, max_size=rows))
        columns.append(Column(f"{draw(HEADS)} {number}", cells, draw(st.booleans()) and not prose, prose))
    return columns


def check(columns: list[Column], laid: Laid, width: int | None) -> None:
    """Every word of every column that is there stands whole in some line, and no line is too long."""
    kept = [column for column in columns if column.name not in laid.left_out]
    cells = [word for column in kept for cell in column.cells for word in cell.replace(GLUE, " ").split()]
    heads = [word for column in kept for word in column.name.split()]
    times = 1 if laid.head else max((len(column.cells) for column in columns), default=0)
    shown = Counter(word for line in (*laid.head, *laid.body) for word in line.split())
    assert shown == Counter(cells) + Counter(heads * times)
    for line in (*laid.head, *laid.body):
        if width is not None and cell_len(line) > width:
            names = {word.replace(GLUE, " ") for column in kept for words in column.words() for word in words}
            assert line in names | {word for column in kept for word in column.name.split()}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.integers(10, 200), st.integers(0, 3))
def test_words_are_whole(columns: list[Column], width: int, optional: int) -> None:
    names = [column.name for column in columns[1 : 1 + optional]]
    for room in (width, None):
        laid = lay_out(columns, room, names)
        check(columns, laid, room)
        assert set(laid.left_out) <= set(names)


def test_numbers_stand_right_and_text_left() -> None:
    columns = [Column("model", ["a", "long"]), Column("count", ["7", "692,567"], numeric=True)]
    laid = lay_out(columns, 80)
    assert laid.head == ["model    count"]
    assert laid.body == ["a            7", "long   692,567"]


def test_text_is_wrapped_then_columns_go_then_rows_are_blocks() -> None:
    meaning = "what each change adds to the value at every multiple"
    columns = [
        Column("name", ["contrastive.weight"]),
        Column("probability of being the medoid", ["0.25"], numeric=True),
        Column("meaning", [meaning], prose=True),
    ]
    wide = lay_out(columns, 200, ["meaning"])
    assert (len(wide.head), len(wide.body), wide.left_out) == (1, 1, [])
    wrapped = lay_out(columns, 70, ["meaning"])
    assert len(wrapped.head) > 1
    assert len(wrapped.body) == 2
    assert not wrapped.left_out
    dropped = lay_out(columns, 40, ["meaning"])
    assert dropped.left_out == ["meaning"]
    assert dropped.body == ["contrastive.weight         0.25"]
    block = lay_out(columns, 28, ["meaning"])
    assert not block.head
    assert not block.left_out
    assert "contrastive.weight" in " ".join(block.body)
    assert all(len(line) <= 28 for line in block.body)


def test_a_long_value_stands_below_its_name() -> None:
    digest = "sha256:" + "0" * 64
    columns = [
        Column("property", ["black and white", "fingerprint"]), Column("value", ["no", digest], prose=True)
    ]  # fmt: skip
    laid = lay_out(columns, 80)
    assert laid.head == ["property         value"]
    assert laid.body == ["black and white  no", "fingerprint", f"  {digest}"]
    for width in range(30, 200):
        check(columns, lay_out(columns, width), width)


def test_a_name_longer_than_the_terminal_has_a_line_of_its_own() -> None:
    path = "a/very/long/folder/of/mine/infogan-cr_dsprites_seed-0.pt"
    laid = lay_out([Column("model", [path]), Column("score", ["0.5"], numeric=True)], 40)
    assert laid.body == ["model", path, "score  0.5"]


@pytest.mark.parametrize("width", [20, 40, 200])
def test_wide_characters_count_twice(width: int) -> None:
    columns = [Column("名前", ["日本語" * 5, "x"]), Column("n", ["1", "2"], numeric=True)]
    laid = lay_out(columns, width)
    check(columns, laid, width)
    if laid.head:
        assert len({cell_len(line) for line in laid.body}) == 1

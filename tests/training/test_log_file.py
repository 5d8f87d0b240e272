"""Logs are read while they are written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.errors import UsageError
from disentangle_cli.training.log_file import read_log

TEXT = "iteration,loss,größe\n99,1.5,\n199,1.25,3\n299,1,4\n"
ROWS = [line.split(",") for line in TEXT.splitlines()[1:]]


@given(st.integers(0, len(TEXT.encode())))
def test_wherever_it_is_cut_whole_rows_are_there(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "log.csv"
    data = TEXT.encode()[:length]
    path.write_bytes(data)
    fields, rows = read_log(path, lenient=True)
    whole = max(data.count(b"\n") - 1, 0)
    assert [list(row.values()) for row in rows] == ROWS[:whole]
    assert fields[0] == "iteration"


def test_rows_that_go_back_stand_for_those_from_there_on(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("iteration,loss\n99,1\n199,2\n299,3\n199,5\n299,6\n399,7\n")
    assert [row["loss"] for row in read_log(path, lenient=True)[1]] == ["1", "5", "6", "7"]
    with pytest.raises(UsageError, match="row 5 is out of order"):
        read_log(path)


def test_what_is_no_number_is_a_gap_for_a_curve_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("iteration,loss\n99,nan\n199,inf\n")
    assert len(read_log(path, lenient=True)[1]) == 2
    with pytest.raises(UsageError, match="row 2"):
        read_log(path)


@pytest.mark.parametrize(
    "text",
    ["step,loss\n1,2\n", "iteration,loss\n1,two\n", "iteration,loss\n1\n", "iteration,a,a\n1,2,3\n",
     "iteration,loss\n1.5,2\n", "iteration,loss\n-1,2\n", "\x00\x01\x02\n", 'iteration,loss\n1,"2\n'],
)  # fmt: skip
def test_other_files_are_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    for lenient in (False, True):
        with pytest.raises(UsageError, match=r"log\.csv: not a log of a run"):
            read_log(path, lenient)

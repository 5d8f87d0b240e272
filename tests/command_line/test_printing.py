import csv
import io
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli.command_line.printing import Format, emit, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.lines import one_line


def test_json_is_finite_or_null(capsys: pytest.CaptureFixture[str]) -> None:
    doc = document(
        "score",
        seed=np.int64(3),
        bad=[math.nan, np.float32("inf"), -math.inf],
        array=np.array([[0.5, np.nan]]),
        tensor=torch.tensor([1.0, 2.0]),
        flag=np.bool_(True),
        path=Path("a/b.pt"),
    )
    emit(doc, Format.json, [], [])
    read = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"not JSON: {name}"))
    assert read["schema"] == "dcr.score/1"
    assert read["versions"].keys() == {"dcr", "python", "torch", "numpy", "scikit-learn"}
    assert read["bad"] == [None, None, None]
    assert read["array"] == [[0.5, None]]
    assert read["tensor"] == [1.0, 2.0]
    assert read["flag"] is True
    assert read["seed"] == 3
    assert read["path"] == "a/b.pt"


def test_csv_keeps_full_precision_and_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[list[object]] = [["a,b", 1 / 3, None, math.nan, True], ["c", np.float64(0.1), 2, 1.5, False]]
    emit({}, Format.csv, ["name", "x", "y", "z", "ok"], rows)
    read = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert read[0] == ["name", "x", "y", "z", "ok"]
    assert read[1] == ["a,b", repr(1 / 3), "", "", "true"]
    assert read[2] == ["c", "0.1", "2", "1.5", "false"]


def test_table_on_a_pipe_is_plain_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/".join(["folder"] * 60) + "/[bold]model[/bold].pt"
    emit({}, Format.table, ["model", "score"], [[long, 0.123456], ["b", None]], title="results")
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert "\x1b" not in out
    assert lines[0] == "results"
    assert lines[1].split() == ["model", "score"]
    assert lines[2].split() == [long, "0.1235"]
    assert lines[3].split() == ["b", "-"]


def test_what_steers_a_terminal_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert one_line("a\x1b[2J\n b\x07\udc80é") == "a\ufffd[2J b\ufffd\ufffdé"
    emit({}, Format.table, ["model"], [["a\x1b]0;title\x07"]])
    assert "\x1b" not in capsys.readouterr().out


def test_texts_that_have_no_encoding_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    emit({"name": "a\udc80"}, Format.json, [], [])
    emit_paths(["b\udc80"], Format.table)
    assert written.getvalue().decode() == '{\n  "name": "a\\udc80"\n}\nb\\udc80\n'


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    """A terminal of so many characters in place of stdout."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    return terminal


def test_table_on_a_terminal_is_whole_and_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_a_terminal(monkeypatch, 80)
    emit({}, Format.table, ["model", "score"], [["x" * 200, 0.5]], title="results")
    text = re.sub(r"\x1b\[[01;3]*m", "", terminal.getvalue())  # bold and slanted only
    assert "\x1b" not in text
    assert text.splitlines() == ["results", "model", "x" * 200, "score  0.5000"]


def test_what_a_narrow_terminal_leaves_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_a_terminal(monkeypatch, 40)
    rows: list[list[object]] = [["ckpts/infogan-cr_seed-0.pt", 0.5, ["c1 .90", "c2 .01"]]]
    emit(
        {}, Format.table, ["model", "score", "activity"], rows,
        optional=["activity"], legend=["activity: what goes with each code alone"],
    )  # fmt: skip
    text = re.sub(r"\x1b\[[01;3]*m", "", terminal.getvalue())
    assert text.splitlines()[2:] == [
        "ckpts/infogan-cr_seed-0.pt  0.5000",
        "left out, as there is no room: activity",
        "(a wider terminal or --format csv has",
        "them)",
        "activity: what goes with each code alone",
    ]


def test_items_of_a_list_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[list[object]] = [["dsprites", ["shape 3", "scale 6", "orientation 40"]], ["none", []]]
    emit({}, Format.csv, ["name", "factors"], rows)
    terminal = on_a_terminal(monkeypatch, 35)
    emit({}, Format.table, ["name", "factors"], rows)
    text = re.sub(r"\x1b\[[01;3]*m", "", terminal.getvalue())
    assert text.splitlines()[2:] == ["dsprites  shape 3, scale 6,", "          orientation 40", "none      -"]


def test_empty_table_prints_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    emit({}, Format.table, ["model", "score"], [])
    assert capsys.readouterr().out.split() == ["model", "score"]


def test_paths_one_a_line_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    emit_paths([Path("a.png"), "b.png"], Format.table)
    assert capsys.readouterr().out == "a.png\nb.png\n"
    emit_paths(["a.png"], Format.json, document("generate", seed=1))
    read = json.loads(capsys.readouterr().out)
    assert read["paths"] == ["a.png"]
    assert read["schema"] == "dcr.generate/1"
    emit_paths([], Format.table)
    assert capsys.readouterr().out == ""

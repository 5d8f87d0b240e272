import csv
import errno
import io
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli import output, progress
from disentangle_cli.errors import GateError, Interrupted, RunError, UsageError
from disentangle_cli.output import Format
from disentangle_cli.reporting import describe, exit_codes


@pytest.fixture
def speaking() -> Iterator[None]:
    output.configure(quiet=False, verbose=False, debug=False)
    yield
    output.configure(quiet=True, verbose=False, debug=False)


def test_json_is_finite_or_null(capsys: pytest.CaptureFixture[str]) -> None:
    doc = output.document(
        "score",
        seed=np.int64(3),
        bad=[math.nan, np.float32("inf"), -math.inf],
        array=np.array([[0.5, np.nan]]),
        tensor=torch.tensor([1.0, 2.0]),
        flag=np.bool_(True),
        path=Path("a/b.pt"),
    )
    output.emit(doc, Format.json, [], [])
    read = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"not JSON: {name}"))
    assert read["schema"] == "dcr.score/1"
    assert read["versions"].keys() == {"dcr", "python", "torch", "numpy", "scikit-learn"}
    assert read["bad"] == [None, None, None]
    assert read["array"] == [[0.5, None]]
    assert read["tensor"] == [1.0, 2.0]
    assert read["flag"] is True
    assert read["seed"] == 3
    assert read["path"] == "a/b.pt"


def test_jsonable_refuses_what_has_no_json_form() -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        output.jsonable(object())


def test_csv_keeps_full_precision_and_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[list[object]] = [["a,b", 1 / 3, None, math.nan, True], ["c", np.float64(0.1), 2, 1.5, False]]
    output.emit({}, Format.csv, ["name", "x", "y", "z", "ok"], rows)
    read = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert read[0] == ["name", "x", "y", "z", "ok"]
    assert read[1] == ["a,b", repr(1 / 3), "", "", "true"]
    assert read[2] == ["c", "0.1", "2", "1.5", "false"]


def test_table_on_a_pipe_is_plain_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/".join(["folder"] * 60) + "/[bold]model[/bold].pt"
    output.emit({}, Format.table, ["model", "score"], [[long, 0.123456], ["b", None]], title="results")
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert "\x1b" not in out
    assert lines[0] == "results"
    assert lines[1].split() == ["model", "score"]
    assert lines[2].split() == [long, "0.1235"]
    assert lines[3].split() == ["b", "-"]


def test_what_steers_a_terminal_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert output.one_line("a\x1b[2J\n b\x07\udc80é") == "a\ufffd[2J b\ufffd\ufffdé"
    output.emit({}, Format.table, ["model"], [["a\x1b]0;title\x07"]])
    assert "\x1b" not in capsys.readouterr().out


def test_texts_that_have_no_encoding_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    output.emit({"name": "a\udc80"}, Format.json, [], [])
    output.emit_paths(["b\udc80"], Format.table)
    assert written.getvalue().decode() == '{\n  "name": "a\\udc80"\n}\nb\\udc80\n'


def test_table_on_a_terminal_folds_and_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    output.emit({}, Format.table, ["model", "score"], [["x" * 200, 0.5]], title="results")
    text = re.sub(r"\x1b\[[01;3]*m", "", terminal.getvalue())  # bold and slanted only
    assert "\x1b" not in text
    assert text.count("x") == 200  # folded, not cut
    assert all(len(line) <= 80 for line in text.splitlines())


def test_empty_table_prints_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({}, Format.table, ["model", "score"], [])
    assert capsys.readouterr().out.split() == ["model", "score"]


def test_paths_one_a_line_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_paths([Path("a.png"), "b.png"], Format.table)
    assert capsys.readouterr().out == "a.png\nb.png\n"
    output.emit_paths(["a.png"], Format.json, output.document("generate", seed=1))
    read = json.loads(capsys.readouterr().out)
    assert read["paths"] == ["a.png"]
    assert read["schema"] == "dcr.generate/1"
    output.emit_paths([], Format.table)
    assert capsys.readouterr().out == ""


def test_messages_go_to_stderr_and_only_when_configured(capsys: pytest.CaptureFixture[str]) -> None:
    output.log("unseen")
    output.warn("unseen")
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("speaking")
def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    output.log("told")
    output.detail("unseen")
    output.configure(verbose=True)
    output.detail("detail")
    output.warn("two\nlines")
    output.configure(quiet=True)
    output.warn("unseen")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "told\ndetail\nwarning: two lines\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that progress displays see; its only element may be changed."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.usefixtures("speaking")
def test_progress_on_a_pipe_is_sparse(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=100, desc="training", unit="it") as bar:
        for _ in range(25):
            clock[0] += 1
            bar.update()
            bar.set_postfix_str("loss 0.5")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training: 10/100 (10%) it, 1 it/s, 1m30s left, loss 0.5",
        "training: 20/100 (20%) it, 1 it/s, 1m20s left, loss 0.5",
    ]


@pytest.mark.usefixtures("speaking")
def test_progress_counts_are_written_out(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=1_100_000, desc="encoding", unit="img") as bar:
        clock[0] += 100
        bar.update(251_500)
    assert capsys.readouterr().err == "encoding: 251,500/1,100,000 (23%) img, 2,515 img/s, 5m37s left\n"


def test_progress_iterates_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(output.progress([1, 2, 3], desc="x")) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(TypeError, match="iterate"):
        list(output.progress(total=3, desc="x"))


@pytest.mark.usefixtures("speaking")
def test_a_bar_on_a_terminal_and_messages_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    with output.progress(total=4, desc="bar", unit="image") as bar:
        bar.update(2)
        output.log("message")
    assert "bar:" in terminal.getvalue()
    assert "message\n" in terminal.getvalue()
    assert not progress.Progress._bars


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.6, "1m00s"), (61, "1m01s"), (7260, "2h01m"), (-5, "0s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


class OutOfMemoryError(RuntimeError):
    """Has the name of torch's error."""


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("a.pt: not\n a checkpoint"), 2, "a.pt: not a checkpoint"),
        (RunError("diverged"), 1, "diverged"),
        (GateError("mig 0.1 < 0.2"), 3, "mig 0.1 < 0.2"),
        (Interrupted("state saved"), 130, "state saved"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), 1, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 1, "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "x.pt"), 1, "x.pt: the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x.pt"), 1, "x.pt: Permission denied"),
        (KeyError("boom"), 1, "internal error: KeyError: 'boom'; run with --debug"),
    ],
)
def test_error_table(error: BaseException, code: int, message: str) -> None:
    found_code, found = describe(error)
    assert found_code == code
    assert found.startswith(message)
    assert "\n" not in found


def test_errors_become_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, exit_codes():
        raise UsageError("x.pt: no")
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: x.pt: no\n"


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    output.configure(debug=True)
    try:
        with pytest.raises(SystemExit), exit_codes():
            raise KeyError("boom")
    finally:
        output.configure(debug=False)
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: internal error: KeyError")

import io
import re
import sys
import time

import pytest

from disentangle_cli import output
from disentangle_cli.command_line import terminal
from disentangle_cli.command_line.terminal import drawn, screen
from disentangle_cli.progress import Phase, Progress

STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 characters in place of stderr."""
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return stream


def bar(desc: str, count: float, total: float | None = 28_000, *facts: str) -> Progress:
    made = Progress(total=total, desc=desc, phases=[Phase(0, 1.0), Phase(20_000, 2.0)])
    made.started -= 3661
    made.update(count)
    made.tell(*facts)
    return made


def texts(bars: list[Progress], width: int) -> list[str]:
    return [f"{line.before}{'#' * line.length}{line.after}" for line in drawn(bars, width)]


def test_a_bar_and_messages_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)
    monkeypatch.setattr(terminal, "BRIEF", 0.0)
    with screen():
        output.configure(quiet=False)
        with output.progress(total=4, desc="bar", unit="image") as one:
            one.update(2)
            output.log("message")
        output.log("after")
        output.configure(quiet=True)
    shown = STEERING.sub("", tty.getvalue())
    assert "bar  " in shown
    assert "message\n" in shown
    assert shown.endswith("after\n")
    assert "\x1b[?25l" not in tty.getvalue()  # the cursor stays: a killed process could not bring it back


def test_the_clock_ticks_while_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)
    monkeypatch.setattr(terminal, "BRIEF", 0.0)
    monkeypatch.setattr(terminal, "PER_SECOND", 20)
    with screen():
        output.configure(quiet=False)
        with output.progress(total=3, desc="pool", gathers=True):
            time.sleep(1.2)
        output.configure(quiet=True)
    shown = STEERING.sub("", tty.getvalue())
    assert "  0s" in shown
    assert "  1s" in shown


def test_what_is_brief_or_silenced_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)
    with screen():
        output.configure(quiet=False)
        list(output.progress([1, 2], desc="brief"))
        output.configure(quiet=True)
        list(output.progress([1, 2], desc="silent"))
    assert STEERING.sub("", tty.getvalue()).strip() == ""


def test_an_error_takes_open_bars_away(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)

    def fail() -> None:
        with screen():
            output.configure(quiet=False)
            output.progress(total=3, desc="left open")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    output.configure(quiet=True)
    written = tty.getvalue()
    time.sleep(0.6)
    assert tty.getvalue() == written


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160, 200])
def test_numbers_are_whole_at_any_width(width: int) -> None:
    facts = "score 0.812", "D 1.23", "G 0.81", "info 0.04"
    lone = bar("infogan-cr_dsprites_seed-0", 12_345, 28_000, *facts)
    lines = texts([lone], width)
    assert all(len(line) < width for line in lines)
    assert "12,345/28,000 it" in lines[0]
    assert re.search(r"\d+m\d+s left|\d+h\d+m left|\d+s left", lines[0])
    assert "score 0.812" in lines[1]
    assert all(fact in facts for fact in lines[1].strip().split(", "))
    pool = [bar(f"infogan-cr_dsprites_seed-{i}", 900 * (i + 1), 28_000, *facts) for i in range(10)]
    pool.append(bar("pool", 0, 10))
    lines = texts(pool, width)
    assert len(lines) == 11
    assert all(len(line) < width for line in lines)
    assert all(f"seed-{i}" in lines[i] and f"{900 * (i + 1):,}/28,000 it" in lines[i] for i in range(10))
    assert len({line.index(" it") for line in lines[:10]}) == 1  # one below the other
    if width >= 80:
        assert all("score 0.812" in line for line in lines[:10])


def test_data_that_is_printed_meanwhile_goes_to_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tty = terminal_of(monkeypatch)
    with screen():
        output.configure(quiet=False)
        with output.progress(total=2, desc="bar"):
            sys.stdout.write("data\n")
        output.configure(quiet=True)
    assert capsys.readouterr().out == "data\n"
    assert "data" not in tty.getvalue()


def test_messages_are_wrapped_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)
    path = "ckpts/" + "x" * 90 + ".pt"
    with screen():
        output.configure(quiet=False)
        output.block([("expected", "word " * 20), ("to", path)])
        output.configure(quiet=True)
    lines = STEERING.sub("", tty.getvalue()).splitlines()
    assert lines[0] == "expected  " + " ".join(["word"] * 14)
    assert lines[1] == "          " + " ".join(["word"] * 6)
    assert path in [line.strip() for line in lines]


def test_work_of_unknown_length_has_a_count() -> None:
    assert "5 it" in texts([bar("looking", 5, None)], 80)[0]


def test_more_runs_than_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = terminal_of(monkeypatch)
    monkeypatch.setattr(terminal, "BRIEF", 0.0)
    monkeypatch.setattr(terminal, "PER_SECOND", 20)
    monkeypatch.setenv("LINES", "8")
    with screen():
        output.configure(quiet=False)
        with output.progress(total=20, desc="whole", gathers=True):
            runs = [output.progress(total=5, desc=f"run-{i}") for i in range(20)]
            time.sleep(0.5)
            for run in runs:
                run.close()
        output.configure(quiet=True)
    last = STEERING.sub("", tty.getvalue()).rpartition("run-0")[2]
    assert "run-3" in last
    assert "run-4" not in last
    assert "and 16 more" in last
    assert "whole" in last

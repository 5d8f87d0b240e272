"""Nothing that steers a terminal is shown, wherever a text comes from."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentangle_cli import output
from disentangle_cli.command_line.printing import Format, emit, emit_paths
from disentangle_cli.documents import to_json
from disentangle_cli.errors import UsageError
from disentangle_cli.lines import MAX_MESSAGE, escaped, message, one_line, shown
from disentangle_cli.rendering.naming import told_apart
from disentangle_cli.rendering.pages import render
from disentangle_cli.rendering.report import Section, fragment
from disentangle_cli.reporting import describe

NASTY = "a\x1b]0;title\x07b\x9bc\u202egpj.\u2066d\u2028e\x00\ufefff\x85g\r\nh\ttab"
TEXTS = st.text(max_size=40) | st.text(
    "\x00\x07\x1b[]0m;\x9b\u202e\u2066\u200f\u061c\r\n\tab\ud800\U000e0041 ", max_size=20
)
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_clean(text: str, breaks: str = "") -> bool:
    return all(
        sign in breaks
        or (
            unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp")
            and unicodedata.bidirectional(sign) not in BIDI
            and sign not in "\u200e\u200f\u061c"
        )
        for sign in text
    )


@given(TEXTS)
def test_what_is_shown_is_clean(text: str) -> None:
    assert is_clean(shown(text))
    assert len(shown(text)) == len(text)
    assert is_clean(one_line(text))
    assert is_clean(message(text * 20))
    assert is_clean(escaped(text))
    assert shown(shown(text)) == shown(text)


@given(TEXTS)
def test_json_stays_what_it_is(text: str) -> None:
    written = to_json({text: [text]})
    assert is_clean(written, "\n")
    assert json.loads(written) == {text: [text]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(TEXTS)
def test_nothing_that_is_printed_steers(capsys: pytest.CaptureFixture[str], text: str) -> None:
    output.configure(quiet=False, verbose=True)
    path = text.encode("utf-8", "replace").decode().replace("\x00", "")
    try:
        for say in (output.log, output.detail, output.warn):
            say(text)
        with output.progress(total=2, desc=text) as bar:
            bar.tell(text)
            assert is_clean(str(bar))
        for fmt in Format:
            emit({"a": text}, fmt, [text], [[text], [Path(path)]], title=text)
            emit_paths([path], fmt)
    finally:
        output.configure(quiet=True, verbose=False)
    printed = capsys.readouterr()
    assert is_clean(printed.out + printed.err, "\n")
    assert is_clean(describe(UsageError(text))[1])
    section = Section(text, [text], [text], [[text]])
    assert is_clean(fragment(section) + render("base.html.j2", title=text, data=[text]), "\n")
    assert is_clean(told_apart([text, "a"])[0])


def test_characters_of_any_script_stay() -> None:
    text = "\u0645\u06cc\u200c\u062e\u0648 \u65e5\u672c \U0001f468\u200d\U0001f469 \u00a0\u00e9"
    assert shown(text) == text


def test_the_middle_of_a_long_message_is_left_out() -> None:
    said = message("begin " + "x" * 5_000 + " end")
    assert len(said) == MAX_MESSAGE
    assert said.startswith("begin xx")
    assert said.endswith("xx end")
    assert message("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE
    assert len(describe(ValueError("y" * 9_000))[1]) == MAX_MESSAGE


def test_an_example() -> None:
    assert one_line(NASTY) == "a\ufffd]0;title\ufffdb\ufffdc\ufffdgpj.\ufffdd e\ufffd\ufffdf g h tab"

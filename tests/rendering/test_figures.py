"""Figures: one style, three formats, the same bytes each time, nothing of the user's matplotlib touched."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from disentangle_cli.errors import UsageError
from disentangle_cli.rendering.figures import (
    check_ending,
    inline_svg,
    new_figure,
    picture,
    save_figure,
    styled,
    text_width,
    wrapped,
)
from disentangle_cli.rendering.palette import SERIES, css


def drawn() -> object:
    with styled():
        figure = new_figure(3, 2)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        axes.plot([0, 1, 2], [0, 1, 0], color=css(SERIES[0]), label="$a$")
        axes.fill_between([0, 1, 2], [0, 0, 0], [1, 2, 1], color=css(SERIES[0]), alpha=0.2)
        axes.set_title("costs $1 or $2")
        axes.legend()
    return figure


@pytest.mark.parametrize("name", ["f.png", "f.svg", "f.pdf", "F.PNG"])
def test_the_ending_chooses_the_format_and_bytes_repeat(name: str, tmp_path: Path) -> None:
    first = save_figure(drawn(), tmp_path / name).read_bytes()
    again = save_figure(drawn(), tmp_path / f"again-{name}").read_bytes()
    assert first == again
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[name[1:].lower()]
    assert first.startswith(start)
    for word in (b"<dc:date", b"CreationDate", b"Matplotlib v"):
        assert word not in first


def test_other_endings_are_refused(tmp_path: Path) -> None:
    for name in ("f.jpg", "f", "f.png.gz"):
        with pytest.raises(UsageError, match=r"--plot .*\.png, \.svg or \.pdf"):
            check_ending(tmp_path / name, "--plot")
    assert check_ending("a.HTML", "--out", (".html",)) == ".html"


def test_settings_of_the_user_stay_and_have_no_say(tmp_path: Path) -> None:
    import matplotlib

    before = picture(drawn()).tobytes()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "savefig.bbox": "tight"}):
        assert picture(drawn()).tobytes() == before
        assert matplotlib.rcParams["font.size"] == 30


def test_a_page_colours_it_light_or_dark() -> None:
    text = inline_svg(drawn(), "a curve")
    assert text.startswith('<svg role="img" aria-label="a curve"')
    assert css(SERIES[0]) not in text
    assert "var(--series-0)" in text
    assert "costs $1 or $2" in text  # letters, not shapes of letters
    assert "<metadata" not in text
    assert text == inline_svg(drawn(), "a curve")


def test_no_library_is_loaded_before_something_is_drawn() -> None:
    code = "import disentangle_cli.rendering.figures, sys; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_words_are_wrapped_by_their_width() -> None:
    lines = wrapped("the quick brown fox jumps over the lazy dog", 10, 1.0)
    assert " ".join(lines) == "the quick brown fox jumps over the lazy dog"
    assert len(lines) > 2
    assert all(text_width(line, 10) <= 1.0 for line in lines)
    assert wrapped("", 10, 1.0) == []
    assert wrapped("x" * 99, 10, 1.0) == ["x" * 99]


def test_a_picture_is_opaque() -> None:
    assert isinstance(picture(drawn()), Image.Image)
    assert picture(drawn()).mode == "RGB"

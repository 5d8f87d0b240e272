"""Every page is whole in itself, whatever the texts on it are."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from disentangle_cli.rendering.pages import embedded, environment, render
from tests.browser import DESKTOP, PHONE, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser
from disentangle_cli.rendering.palette import DARK_PAGE, LIGHT_PAGE, RAMP, Colour, contrast, contrasting

HOSTILE = "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\u202e'\""


@pytest.mark.parametrize("colours", [LIGHT_PAGE, DARK_PAGE], ids=["light", "dark"])
def test_text_can_be_read(colours: dict[str, Colour]) -> None:
    """WCAG 2.2: 4.5 for texts, 3 for the edges of controls."""
    for ground in ("page", "card"):
        for text in ("ink", "faint", "accent", "best"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for line in ("line", *(name for name in colours if name.startswith("series-"))):
            assert contrast(colours[line], colours[ground]) >= 3, (line, ground)
    assert all(contrast(contrasting(colour), colour) >= 4.5 for colour in RAMP)


def test_a_page_asks_for_nothing_and_runs_its_own_scripts_only() -> None:
    page = render("base.html.j2", title=HOSTILE, data={HOSTILE: HOSTILE})
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?://|@import|url\(", page)
    assert re.findall(r'<link[^>]*href="([^"]*)"', page) == ["data:,"]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])  # type: ignore[index]
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(scripts) == 1
    assert "script-src 'unsafe" not in policy
    assert "<img" not in page
    assert "\u202e" not in page


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_data_reach_the_script_as_they_are(data: object) -> None:
    text = str(embedded(data))
    assert not set(text) & set("<>&")
    assert json.loads(text) == data


def test_a_table_aligns_numbers_and_escapes() -> None:
    template = environment().from_string(
        '{% import "components.html.j2" as ui %}{{ ui.table("A <b>", ["name", "n", "x"], rows) }}'
    )
    text = template.render(rows=[["<script>", 3, 0.5], ["b", 4, None]])
    assert (
        '<th scope="row">&lt;script&gt;</th><td class="number">3</td><td class="number">0.5000</td>' in text
    )
    assert '<td class="none">' in text
    assert text.count('<th scope="col" class="number">') == 2
    assert "<caption>A &lt;b&gt;</caption>" in text


@pytest.mark.slow
def test_explanations_open_by_the_keyboard_and_inside_the_window(browser: "Browser", tmp_path: Path) -> None:
    body = environment().from_string(
        '{% import "components.html.j2" as ui %}<p style="text-align: right">tau '
        '{{ ui.hint("tip-tau", "tau", text) }}</p>'
    )
    page = tmp_path / "<script>alert(1)<script>.html"
    page.write_text(
        render("base.html.j2", title=HOSTILE).replace(
            "</main>", body.render(text="Agreement of two rankings. " * 9) + "</main>"
        )
    )
    for width in (DESKTOP, PHONE):
        with opened(browser, page, width=width) as shown:
            shown.keyboard.press("Tab")
            shown.keyboard.press("Tab")
            shown.keyboard.press("Enter")
            tip = shown.locator("#tip-tau")
            assert tip.is_visible()
            box = tip.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            shown.keyboard.press("Escape")
            assert not tip.is_visible()


def test_names_that_were_not_given_are_errors() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()

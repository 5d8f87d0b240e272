"""Curves as figures and as pages."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.rendering.curves import MOST_POINTS, Chart, Curve, Mark, Panel, draw_curves, outline
from disentangle_cli.rendering.curves_page import Live, Numbers, Shown, Underway, draw_curves_page
from disentangle_cli.rendering.drawing import png_url
from disentangle_cli.rendering.figures import picture, png
from disentangle_cli.rendering.palette import SERIES
from tests.browser import DESKTOP, PHONE, chromium, opened

if TYPE_CHECKING:
    from tests.browser import Scheme

X = np.linspace(1, 1000, 50)
HOSTILE = "</svg><script>alert(1)</script>$x$ & _y_"


def chart(panels: int = 2, **options: object) -> Chart:
    mean = np.exp(-X / 300)
    curves = [Curve(0, X, mean, mean * 0.9, mean * 1.1), Curve(1, X, 1 - mean, thin=True)]
    made = [Panel(f"quantity {i}", curves, unit=i == 0) for i in range(panels)]
    return Chart(made, ["first", "second"], [Mark(0, "start"), Mark(500, "switch")], "curves", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("panels", "across", "down"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (16, 4, 4)])
def test_panels_stand_in_rows(panels: int, across: int, down: int) -> None:
    figure = draw_curves(chart(panels))
    visible = [axes for axes in figure.axes if axes.axison]
    assert len(visible) == panels
    wide, tall = picture(figure).size
    assert wide == pytest.approx(100 * across * (7.2 if panels == 1 else 3.5), abs=1)
    assert tall > 100 * down * 2


def test_lines_bands_and_marks_are_seen() -> None:
    colours = dict(map(reversed, picture(draw_curves(chart(1))).getcolors(1 << 24)))  # type: ignore[arg-type]
    assert colours[SERIES[0]] > 100
    paper = np.array((255, 255, 255))
    band = tuple((paper + 0.18 * (np.array(SERIES[0]) - paper)).round().astype(int).tolist())
    near = sum(n for colour, n in colours.items() if max(abs(np.array(colour) - band)) <= 2)
    assert near > 500
    plain = picture(draw_curves(replace(chart(1), marks=())))
    assert plain.size == picture(draw_curves(chart(1))).size
    assert plain.tobytes() != picture(draw_curves(chart(1))).tobytes()


def test_the_same_chart_is_the_same_bytes() -> None:
    assert png(draw_curves(chart(3))) == png(draw_curves(chart(3)))
    lead, table = ["how far"], [Numbers("Numbers", "numbers", ["run", "loss"], [["a", 0.5]])]
    assert draw_curves_page(chart(), lead, table) == draw_curves_page(chart(), lead, table)


def test_no_peak_of_a_band_is_thinned_away() -> None:
    x = np.arange(50_000, dtype=float)
    low, high = np.zeros(50_000), np.ones(50_000)
    high[31_415], low[27_182] = 9, -9
    _, lows, highs = outline(x, low, high)
    assert len(lows) == MOST_POINTS
    assert (lows.min(), highs.max()) == (-9, 9)


@pytest.mark.parametrize("values", [[0.0], [np.pi] * 3, [1e-9, 1e9], [-1.0, 1e300], [0.0, 0.0]])
def test_any_finite_numbers_can_be_drawn(values: list[float]) -> None:
    x = np.arange(1, len(values) + 1, dtype=float)
    one = Chart([Panel("p", [Curve(0, x, np.array(values))])], ["s"])
    assert picture(draw_curves(one)).width > 100
    assert "NaN" not in draw_curves_page(one, [], [])


def test_names_are_shown_as_they_are_and_do_nothing() -> None:
    hostile = replace(chart(), series=[HOSTILE, "_hidden"], title=HOSTILE, marks=[Mark(500, HOSTILE)])
    hostile = replace(hostile, panels=[replace(panel, title=HOSTILE) for panel in hostile.panels])
    assert picture(draw_curves(hostile)).width > 100
    page = draw_curves_page(hostile, [HOSTILE], [Numbers(HOSTILE, HOSTILE, [HOSTILE], [[HOSTILE]])])
    assert "<script>alert" not in page
    assert page.count("</svg>") == 2 + 3  # panels, and the legend


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_page_says_the_numbers_under_the_pointer(tmp_path: Path, scheme: "Scheme", width: int) -> None:
    path = tmp_path / "curves.html"
    path.write_text(draw_curves_page(chart(), ["two runs"], []))
    with chromium() as browser, opened(browser, path, width=width, scheme=scheme) as page:
        panel = page.locator(".panel").first
        box = panel.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
        words = panel.locator(".readout").inner_text()
        at = float(words.split("\n")[0].removeprefix("iteration ").replace(",", ""))
        assert 400 < at < 700
        assert float(words.split("\n")[1].split()[0]) == pytest.approx(np.exp(-at / 300), abs=0.01)
        panel.focus()
        page.keyboard.press("ArrowRight")  # from the pointer on
        further = panel.locator(".readout").inner_text().split("\n")[0]
        assert float(further.removeprefix("iteration ")) == pytest.approx(at + X[1] - X[0], abs=0.1)
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")  # from the end
        assert "iteration 1,000" in panel.locator(".readout").inner_text()
        page.keyboard.press("ArrowLeft")
        assert "iteration 1,000" not in panel.locator(".readout").inner_text()
        title = (
            "[...document.querySelectorAll('.panel text')].find((text) => /quantity/.test(text.textContent))"
        )
        ink = page.evaluate(f"getComputedStyle({title}).fill")
        assert ink == {"light": "rgb(32, 36, 44)", "dark": "rgb(232, 234, 240)"}[scheme]


PIXEL = png_url(Image.new("RGB", (4, 4)))


@pytest.mark.slow
def test_a_live_page_takes_over_what_is_new_and_keeps_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "watch.html"

    def write(done: int, finished: bool = False) -> None:
        live = Live("done" if finished else f"at {done}", f"now {done}", 1, finished)
        runs = [Underway("run", done, 100, f"iteration {done} of 100")]
        text = draw_curves_page(
            chart(6), [], [], live=live, runs=runs, pictures=[Shown(PIXEL, "run", "later")]
        )
        temporary = tmp_path / ".new"
        temporary.write_text(text)
        temporary.replace(path)

    write(10)
    with chromium() as browser, opened(browser, path) as page:
        page.evaluate("document.querySelector('[data-live=curves]').dataset.same = 'yes'")
        page.evaluate("window.scrollTo(0, 150)")
        page.get_by_text("at 10", exact=True).wait_for()
        write(50)
        page.get_by_text("at 50", exact=True).wait_for()
        assert page.locator("progress").get_attribute("value") == "50"
        assert page.evaluate("document.querySelector('[data-live=curves]').dataset.same") == "yes"
        assert page.evaluate("window.scrollY") == 150
        write(100, finished=True)
        page.get_by_text("done", exact=True).wait_for()
        page.wait_for_timeout(1500)
        assert page.locator("iframe").count() == 0  # it looks no more

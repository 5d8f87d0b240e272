"""Reports in a browser: pointer, keyboard, both colour schemes, a phone; names that would run as scripts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from disentangle_cli.api.rank_matrices import similarity_of
from disentangle_cli.api.rank_report import rank_report
from disentangle_cli.api.score import score
from tests.api.pools import made_ranking
from tests.browser import DESKTOP, PHONE, Scheme, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
MADE = datetime(2026, 11, 28, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)><svg onload=alert(2)>.pt"
NAMES = [f"pool/seed-{k}.pt" for k in range(7)] + [HOSTILE]
WINDOWS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]


@pytest.fixture(scope="module")
def ranking() -> Any:
    return made_ranking(NAMES, methods=("model-centrality", "udr-lasso"), good=5)


@pytest.fixture(scope="module")
def report(ranking: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "r.html"
    path.write_text(rank_report(ranking, None, "dcr centrality <b>", MADE))
    return path


def cells(page: "Page") -> tuple[float, float, float]:
    """Place of the first cell of the matrix in the window, and the size of a cell."""
    canvas = page.locator("#matrix")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    size = (box["height"] - 19) / len(NAMES)
    return box["x"] + box["width"] - 1 - size * len(NAMES), box["y"] + 18, size


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_matrix_tells_its_numbers_and_opens_a_matching(
    browser: "Browser", report: Path, ranking: Any, width: int, scheme: Scheme
) -> None:
    order = [ranked.model for ranked in ranking.selections[0].ranking]
    values = similarity_of(ranking.selections[0])
    place = {name: k for k, name in enumerate(ranking.selections[0].models)}
    with opened(browser, report, width=width, scheme=scheme) as page:
        clustered = page.evaluate("data.matrices[0].order")
        left, top, size = cells(page)
        for row, column in ((0, 1), (5, 2)):
            page.mouse.move(left + (column + 0.5) * size, top + (row + 0.5) * size)
            one, other = clustered[row], clustered[column]
            wanted = values[place[order[one]], place[order[other]]]
            said = page.locator("#matrix-told").inner_text()
            assert said.startswith(f"{one + 1}. ")
            assert f" and {other + 1}. " in said
            assert abs(float(said.rpartition(" ")[2]) - wanted) < 0.001
        page.mouse.click(left + 2.5 * size, top + 5.5 * size)
        assert page.locator("#match-a").input_value() == str(clustered[5])
        assert page.locator("#match-b").input_value() == str(clustered[2])
        assert "agreement" in page.locator("#match-told").inner_text()
        # a light page is light, a dark one dark
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades = [int(part) for part in ground.strip("rgb()").split(",")]
        assert (min(shades) > 200) == (scheme == "light")


def test_all_of_it_by_the_keyboard(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        page.locator("#matrix").focus()
        page.keyboard.press("ArrowRight")
        assert "not compared with itself" in page.locator("#matrix-told").inner_text()
        page.keyboard.press("ArrowRight")
        said = page.locator("#matrix-told").inner_text()
        page.keyboard.press("Enter")
        first = page.locator("#match-a").input_value()
        assert said.startswith(f"{int(first) + 1}. ")
        page.locator("#matrix-method").select_option("1")
        page.locator("#matrix").focus()
        page.keyboard.press("ArrowDown")
        assert page.locator("#matrix-told").inner_text() != said
        for hint in page.locator(".hint").all():
            assert hint.get_attribute("aria-label")
            hint.press("Enter")
            tip = page.locator(f"#{hint.get_attribute('popovertarget')}")
            assert tip.is_visible()
            hint.press("Escape")
            assert not tip.is_visible()


def test_codes_of_two_models_stand_side_by_side(browser: "Browser", report: Path, ranking: Any) -> None:
    order = [NAMES.index(ranked.model) for ranked in ranking.selections[0].ranking]
    with opened(browser, report) as page:
        for a, b in ((0, 1), (3, 1)):
            page.locator("#match-a").select_option(str(a))
            page.locator("#match-b").select_option(str(b))
            shift = order[b] - order[a]  # as votes were made: code k of one is code k + shift of the other
            pairs = page.locator("#match-pairs .pair p").all_inner_texts()
            assert len(pairs) == 3
            for text in pairs:
                own, other = (int(word[1]) - 1 for word in text.split() if word in ("c1", "c2", "c3"))
                assert (own + shift) % 3 == other
                assert text.endswith("100%")
            assert page.locator("#match-pairs img").count() == 6
            assert page.locator("#match-table td.pair").count() == 3
        page.locator("#match-b").select_option("3")
        assert "two different" in page.locator("#match-told").inner_text()


def test_names_are_texts(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:  # a dialog would be a problem
        worst = page.locator("#match-b option").count() - 1
        page.locator("#match-b").select_option(str(worst))
        foreign = "#match-table script, #match-pairs script, main img:not([src^=data])"
        assert page.locator(foreign).count() == 0
        assert "onerror" in page.inner_text("body")


def test_headings_regions_and_pictures_have_names(browser: "Browser", report: Path) -> None:
    with opened(browser, report) as page:
        assert page.locator("html[lang]").count() == 1
        assert page.locator("h1").count() == 1
        assert page.locator("img:not([alt])").count() == 0
        unnamed = page.evaluate(
            "[...document.querySelectorAll('select')].filter((one) => !one.labels.length).length"
        )
        assert unnamed == 0
        twice = page.evaluate(
            "[...document.querySelectorAll('[id]')].map((one) => one.id)"
            ".filter((id, k, all) => all.indexOf(id) !== k)"
        )
        assert twice == []


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_page_of_a_score(browser: "Browser", tmp_path: Path, width: int, scheme: Scheme) -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (400, 3))
    codes = factors + 0.1 * rng.standard_normal((400, 3))
    arrays = {"codes": codes, "factors": factors, "factor_names": ("<script>alert(1)</script>", "x", "y")}
    scores = score([arrays], metrics="mig,modularity", bootstrap=5)
    path = scores.save_report(tmp_path / "s.html")
    with opened(browser, path, width=width, scheme=scheme) as page:
        said = page.locator("dl.encodes").first.inner_text()
        assert "encodes <script>alert(1)</script> (" in said
        assert page.locator("table.matrix").count() == 1  # both metrics have the same
        page.locator(".hint").first.click()
        assert page.locator(".tip:popover-open").count() == 1
        assert page.locator(".whisker").count() == 2

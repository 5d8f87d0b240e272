"""What the page of a ranking says, and that it stays small and harmless."""

import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from disentangle_cli.api.rank_matrices import packed
from disentangle_cli.api.rank_report import rank_report
from disentangle_cli.api.rank_words import caution, disagreement, worth
from tests.api.pools import made_ranking

MADE = datetime(2026, 11, 28, 7, 30, tzinfo=UTC)
HOSTILE = "pool/<script>alert(1)</script>\u202e&\"'.pt"
LIMIT = 8_000_000


def names(count: int) -> list[str]:
    return [f"pool/model-{k}.pt" for k in range(count)]


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, object] = json.loads(found[1])
    return data


@pytest.mark.parametrize(
    ("count", "words"),
    [(2, "always tie"), (3, "Three models tell little"), (5, "four others"), (6, None), (9, None)],
)
def test_few_models_tell_little(count: int, words: str | None) -> None:
    ranking = made_ranking(names(count))
    said = caution(ranking.selections[0])
    assert (said is None) if words is None else (said is not None and words in said)
    page = rank_report(ranking, None, None, MADE)
    assert ('id="caution"' in page) == (words is not None)
    assert ("95% interval" in page) == (words is None)


def test_the_pick_in_words() -> None:
    ranking = made_ranking(names(8), good=4)
    selection = ranking.selections[0]
    assert selection.confidence is not None
    rivals = selection.confidence["not_told_apart"]
    assert rivals
    assert not set(rivals) & set(names(8)[4:])  # the odd ones are far behind
    assert selection.selected not in rivals
    short = {name: name for name in names(8)}
    said = " ".join(worth(selection, short))
    assert f"cannot be told apart from {rivals[0]}" in said
    assert "comes first in" in said


def test_a_tie_is_told() -> None:
    ranking = made_ranking(names(2))
    said = worth(ranking.selections[0], {name: name for name in names(2)})
    assert said[0].startswith("pool/model-0.pt shares the highest score")
    assert "named first" in said[0]


def test_methods_that_differ_are_told() -> None:
    ranking = made_ranking(names(6), methods=("model-centrality", "udr-lasso"))
    short = {name: name for name in names(6)}
    said = disagreement(ranking.selections, short)
    assert said is not None
    for selection in ranking.selections:
        assert f"{selection.method} picks {selection.selected}" in said
    page = rank_report(ranking, None, None, MADE)
    assert 'id="disagreement"' in page
    same = made_ranking(names(6), methods=("model-centrality",))
    assert disagreement(same.selections, short) is None
    assert 'id="disagreement"' not in rank_report(same, None, None, MADE)


def test_origin_and_every_model_are_on_the_page() -> None:
    ranking = made_ranking(names(7))
    page = rank_report(ranking, 3, "dcr centrality 'a b.pt' --report r.html", MADE)
    for text in ("28 November 2026, 07:30 UTC", "dcr centrality &#39;a b.pt&#39;", "torch", *names(7)):
        assert text in page
    assert page.count("data:image/webp;base64,") == 7 * 3
    assert page.count("from -1 to 1 in 7 images") == 7 * 3
    assert "And 4 more models below these" in page
    many = rank_report(ranking, 3, "dcr centrality " + "a.pt " * 9_000 + "--report r.html", MADE)
    assert len(many) < len(page) + 5_000
    assert "a.pt --report r.html" in many
    assert page == rank_report(ranking, 3, "dcr centrality 'a b.pt' --report r.html", MADE)


def test_texts_from_outside_do_no_harm() -> None:
    ranking = made_ranking([HOSTILE, *names(3)])
    page = rank_report(ranking, None, f"dcr centrality {HOSTILE}", MADE)
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert page.count("<script") == 1 + 3  # the data and the page's own


def test_pictures_that_cannot_be_drawn_cost_no_report() -> None:
    ranking = made_ranking(names(3), shape=(2, 8, 8))
    page = rank_report(ranking, None, None, MADE)
    assert "images of 2 channels cannot be drawn" in page
    assert "data:image/webp" not in page


def test_votes_become_matchings() -> None:
    data = data_of(rank_report(made_ranking(names(3), good=3), None, None, MADE))
    matching = data["matching"]
    assert isinstance(matching, dict)
    assert matching["models"] == [["c1", "c2", "c3"]] * 3
    assert "matching is none" not in json.dumps(data)
    without = data_of(rank_report(made_ranking(names(3), votes=False), None, None, MADE))
    assert without["matching"] is None


def test_numbers_are_packed_within_a_rounding() -> None:
    import base64

    parts = np.array([0.0, 0.25, 1.0, np.nan])
    ticks = np.frombuffer(base64.b64decode(packed(parts)), "<u2")
    assert ticks.tolist() == [0, round(0.25 * 65534), 65534, 65535]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "shape", "codes", "noisy", "votes"),
    [
        (50, (3, 256, 256), 6, False, True),
        (50, (3, 256, 256), 5, True, True),  # nothing compresses
        (60, (3, 64, 64), 20, True, False),
        (420, (1, 8, 8), 3, False, False),
    ],
)
def test_the_page_stays_small(
    count: int, shape: tuple[int, int, int], codes: int, noisy: bool, votes: bool
) -> None:
    ranking = made_ranking(
        names(count), shape=shape, codes=codes, noisy=noisy, votes=votes,
        methods=("model-centrality", "udr-lasso", "udr-spearman"),
    )  # fmt: skip
    page = rank_report(ranking, None, None, MADE)
    assert len(page.encode()) <= LIMIT
    shown = min(count, 200)
    assert len(set(re.findall(r'data-model="(\d+)"', page))) == shown

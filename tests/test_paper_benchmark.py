"""``benchmarks/paper.py``: what it makes of a finished run."""

import importlib
import json
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("paper")


def result(paper: ModuleType, seed: int, score: float, **changes: Any) -> dict[str, Any]:
    metrics = {name: {"score": score} for name in paper.METRICS} | {"mig": {"score": None}}
    return {
        "seed": seed, "scale": 0.1, "iterations": 32256, "switch": 28800, "h_before_the_switch": True,
        "precision": "bf16", "compiled": False, "machine": {"processor": "a processor", "threads": 2},
        "seconds": {"before": 3600.0, "end": 4500.0}, "curve": [[16000, 0.5], [32256, 0.7]],
        "scores": {protocol: {"before": metrics, "end": metrics} for protocol in paper.PROTOCOLS},
    } | changes  # fmt: skip


def test_rows_say_under_what_conditions_a_score_came_about(paper: ModuleType) -> None:
    first, last = paper.rows_of(result(paper, 3, 0.6789), "infogan-cr")
    scores = ["0.679"] * 6 + ["-"]
    assert first == ["3", "0.1 (32,256)", "before", "bf16", "a processor, threads: 2", "1.00", *scores]
    assert last == ["3", "0.1 (32,256)", "end", "bf16", "a processor, threads: 2", "1.25", *scores]
    other = result(paper, 3, 0.5, compiled=True, machine={"gpu": "a card"}, h_before_the_switch=False)
    assert paper.rows_of(other, "infogan-cr")[0][1:5] == [
        "0.1 (32,256), H from the switch on", "before", "bf16, compiled", "a card"
    ]  # fmt: skip


def test_the_page_gets_each_run_once(paper: ModuleType) -> None:
    page = (ROOT / "docs" / "paper.md").read_text()
    twice = page
    for protocol in paper.PROTOCOLS:
        for seed, score in ((41, 0.5), (42, 0.6), (41, 0.5)):
            twice = paper.with_rows(twice, protocol, paper.rows_of(result(paper, seed, score), protocol))
    assert twice.count("| 41 |") == twice.count("| 42 |") == 4
    assert [line for line in twice.split("\n") if not line.startswith(("| 41 |", "| 42 |"))] == page.split(
        "\n"
    )
    better = paper.with_rows(twice, "infogan-cr", paper.rows_of(result(paper, 41, 0.7), "infogan-cr"))
    assert (better.count("| 41 |"), better.count("| 0.700 |")) == (4, 6)


def test_curves_are_a_small_picture(paper: ModuleType) -> None:
    picture = paper.curves([result(paper, seed, 0.5) for seed in range(3)])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 40_000


def test_published_are_tables_and_pictures_once(paper: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "paper.md").write_text((ROOT / "docs" / "paper.md").read_text())
    end = tmp_path / "run.pt"
    (tmp_path / "run_end.png").write_bytes(b"a picture")
    options = Namespace(docs=tmp_path, out=tmp_path / "all.json", markdown=None)
    for _ in range(2):
        paper.publish(
            end, [result(paper, 41, 0.5), result(paper, 41, 0.5, h_before_the_switch=False)], options
        )
    page = (tmp_path / "paper.md").read_text()
    assert page.count("](paper-curves.png)") == page.count("](paper.png)") == 1
    assert page.count("| 41 |") == 8
    assert (tmp_path / "paper.png").read_bytes() == b"a picture"
    assert (tmp_path / "paper-curves.png").read_bytes() == (tmp_path / "curves.png").read_bytes()
    assert len(json.loads((tmp_path / "all.json").read_text())["results"]) == 2

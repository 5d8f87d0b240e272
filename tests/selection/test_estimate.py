"""What is told before models are ranked, and that all of it moves."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from disentangle_cli.progress import SILENT, Progress, show_on
from disentangle_cli.selection.estimate import announce, seconds_per_image, work_of
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.selection import METHODS, Task
from disentangle_cli.selection.settings import Settings

Save = Callable[..., str]
SMALL: dict[str, Any] = {"groups_per_code": 10, "group_size": 16, "scale_images": 500, "permutations": 5}


@pytest.fixture
def task(save: Save) -> Task:
    """Seven models of four codes."""
    pool = load_pool([save(f"{angle}.pt", codes=4, angle=0.1 * angle) for angle in range(7)])
    settings = Settings(**SMALL, inactive="auto").resolved(["gan"] * 7, [4])
    return Task(pool, settings=settings)


class Watching:
    """Keeps how far each bar came, in how many steps."""

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}
        self.ends: dict[str, tuple[float, float | None]] = {}

    def opened(self, bar: Progress) -> None:
        pass

    def moved(self, bar: Progress) -> None:
        self.steps[bar.desc] = self.steps.get(bar.desc, 0) + 1

    def closed(self, bar: Progress) -> None:
        self.ends[bar.desc] = (bar.count, bar.total)

    def write(self, line: str, indent: int = 0) -> None:
        pass


@pytest.mark.parametrize("scale_images", [500, None])
def test_every_phase_moves_within_a_model(task: Task, scale_images: int | None) -> None:
    task = Task(task.pool, settings=task.settings.with_options(scale_images=scale_images), cache=False)
    watching = Watching()
    show_on(watching)
    try:
        METHODS.get("model-centrality")(task)
    finally:
        show_on(SILENT)
    n = len(task.pool)
    assert watching.steps["activity of codes"] >= 5 * n  # one model makes images for each of its codes
    assert watching.steps["votes"] >= 2 * n * n
    assert watching.steps["scores of pairs"] == n * n
    assert watching.steps["intervals"] == n
    for done, total in watching.ends.values():
        assert done == total


def test_the_work_is_counted(task: Task) -> None:
    before = work_of(task)
    assert before.pairs == before.missing == 49
    assert before.activity == 7 * 200 * (2 + 4)
    assert before.made == 7 * (10 * 4 * 16 + 500)
    assert before.read == 7 * before.made
    kept = Task(task.pool, settings=task.settings.with_options(inactive="keep"))
    METHODS.get("model-centrality")(kept)
    after = work_of(kept)
    assert (after.pairs, after.missing, after.activity, after.read) == (49, 0, 0, 0)


def test_the_work_is_told(
    task: Task, speaking: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(task, None)
    said = capsys.readouterr().err
    assert "7, 49 pairs\n" in said
    assert "8,400 images to make" in said
    assert re.search(r"expected  about \d+\w* for the activity of codes, at most \d+\w* for the votes", said)
    announce(task, 0.1)
    assert "of which the budget allows 10.0%" in capsys.readouterr().err
    assert all(seconds > 0 for seconds in seconds_per_image(task))
    show_on(SILENT)
    announce(task, None)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("pairs", "groups", "drawn"),
    [(2000, 100, 2000), (2000, 1000, 2000), (2000, 50, 1000), (2000, 4, 200), (50, 4, 50), (5000, 100, 5000)],
)
def test_fewer_groups_measure_the_activity_by_fewer_pairs(pairs: int, groups: int, drawn: int) -> None:
    assert Settings(activity_pairs=pairs, groups_per_code=groups).pairs_of_activity == drawn


def test_fewer_groups_find_the_same_active_codes(save: Save) -> None:
    pool = load_pool([save("a.pt", codes=5, dead=2), save("b.pt", codes=5)])
    from disentangle_cli.selection.activity import active_codes

    few, many = (active_codes(Task(pool, settings=Settings(groups_per_code=g)))[0] for g in (10, 100))
    assert few == many
    assert np.array_equal([len(codes) for codes in many], [3, 5])

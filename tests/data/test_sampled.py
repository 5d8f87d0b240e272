import functools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.arraytypes import Bytes, Doubles
from disentangle_cli.data import sampled
from disentangle_cli.data.packed_cache import cache_path, read_all
from disentangle_cli.data.sampled import SampledDataset, Scene
from disentangle_cli.measurement.families import Family
from disentangle_cli.scoring.draws import draw
from disentangle_cli.scoring.plan import plan_for
from disentangle_cli.scoring.restrict import restrict_dataset
from disentangle_cli.tasks import ordered
from disentangle_cli.tasks.run import run_tasks

SEED, COUNT = 3, 700


def drawn(rng: np.random.RandomState, n: int) -> Doubles:
    return np.column_stack([rng.uniform(0, 1, n), rng.normal(size=n)])


def render(latents: Doubles) -> Bytes:
    """Squares whose levels are the factors, to the last digit that fits."""
    levels = np.stack([latents[:, 0] * 255, np.clip(latents[:, 1] * 30 + 128, 0, 255)], axis=1)
    channels = np.repeat(np.rint(levels).astype(np.uint8), [1, 2], axis=1)
    return channels[:, :, None, None] * np.ones((4, 4), np.uint8)


def with_jobs(
    count: int, function: Callable[..., Any], tasks: list[Any], *, jobs: int | None
) -> Iterator[tuple[int, Any]]:
    return run_tasks(function, tasks, jobs=count)


class Squares(SampledDataset):
    name = "squares"
    fingerprint = "sha256:none"
    image_shape = (3, 4, 4)
    scene = Scene({"level": (0, 1), "other": (-4, 4)}, drawn, render)
    count = COUNT
    seed = SEED


@pytest.fixture
def squares(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Squares:
    monkeypatch.setattr(sampled, "MANY", 500)
    return Squares()


def test_latents_follow_the_seed(squares: Squares) -> None:
    rng = np.random.RandomState(SEED)
    assert np.array_equal(squares.values(np.arange(COUNT))[:, 0], rng.uniform(0, 1, COUNT))
    assert np.array_equal(squares.images(np.arange(9)), render(squares.values(np.arange(9))))


def test_classes_are_twenty_bins_between_the_extremes(squares: Squares) -> None:
    rows = np.arange(COUNT)
    for column, classes in zip(squares.values(rows).T, squares.classes(rows).T, strict=True):
        low, high = column.min(), column.max()
        expected = np.minimum(np.floor((column - low) / (high - low) * 20), 19)
        assert (classes != expected).mean() < 0.01  # by rounding, on an edge
        assert (classes.min(), classes.max()) == (0, 19)
    assert [factor.size for factor in squares.factors] == [20, 20]
    assert all(factor.continuous for factor in squares.factors)


def test_groups_share_the_very_value(squares: Squares) -> None:
    plan = plan_for("infogan-cr", COUNT)
    part = draw(squares, plan, Family.GROUPS, 0, 0)
    (groups,), (labels,) = part.images, part.given
    for label in (0, 1):
        values = squares.values(groups[labels == label].reshape(-1)).reshape(-1, plan.group_size, 2)
        assert (np.ptp(values[..., label], axis=1) == 0).all()
        assert (np.ptp(values[..., 1 - label], axis=1) > 0).all()
        assert len(np.unique(values[:, 0, label])) > 100  # each group has a value of its own
    images = squares.images(groups[0])
    assert np.array_equal(images, render(squares.values(groups[0])))
    assert len(np.unique(squares.classes(groups[0])[:, labels[0]])) == 1


def test_a_view_of_some_factors_has_the_same_groups(squares: Squares) -> None:
    view = restrict_dataset(squares, ["other"])
    rows = view.draw_like(np.random.default_rng(0), 0, np.repeat(np.arange(5), 10))
    assert (np.ptp(view.values(rows).reshape(5, 10), axis=1) == 0).all()


def test_kept_images_are_those_drawn_at_once(squares: Squares) -> None:
    groups = squares.draw_like(np.random.default_rng(1), 0, np.arange(600))
    some = np.concatenate([np.arange(0, 600, 7), groups[:50]])
    before = squares.images(some)
    assert not squares.in_cache
    squares.prepare(np.concatenate([np.arange(600), groups]))
    assert squares.in_cache
    assert cache_path("squares-groups").exists()
    assert np.array_equal(squares.images(some), before)
    assert np.array_equal(Squares().images(some), before)
    read_all(squares.pixels)


def test_a_few_images_are_not_kept(squares: Squares) -> None:
    squares.prepare(np.arange(20))
    assert not squares.in_cache


def test_any_number_of_processes_gives_the_same(squares: Squares, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for jobs in (1, 3):
        monkeypatch.setenv("DCR_CACHE", str(cache_path("x").parent.parent / str(jobs)))
        with monkeypatch.context() as patch:
            patch.setattr(ordered, "run_tasks", functools.partial(with_jobs, jobs))
            digests.append(Squares().pixels.digest)
    assert digests[0] == digests[1]


def test_a_machine_that_draws_other_pixels_says_so(
    squares: Squares, speaking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    _ = squares.pixels
    assert "this machine renders some pixels of squares otherwise" in capsys.readouterr().err


def test_a_killed_build_leaves_nothing_in_the_way(squares: Squares) -> None:
    code = """
import time
from tests.data.test_sampled import Squares, render
from disentangle_cli.data import sampled
def slow(latents):
    print("begun", flush=True)
    time.sleep(60)
Squares.scene = sampled.Scene(Squares.scene.factors, Squares.scene.draw, slow)
Squares().pixels
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    start = time.monotonic()
    whole = squares.pixels
    assert time.monotonic() - start < 30
    assert np.array_equal(whole.images(np.arange(COUNT)), render(squares.values(np.arange(COUNT))))
    assert sorted(path.name for path in cache_path("squares").parent.iterdir()) == [
        "squares.lock",
        "squares.pixels",
    ]

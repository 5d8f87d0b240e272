"""How many runs a pool trains at a time, with how many threads each, and how it fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from disentangle_cli.errors import DcrError, Interrupted, RunError, UsageError
from disentangle_cli.tasks.ended import Done
from disentangle_cli.training import Run, configure, pool, train_pool
from disentangle_cli.training.outcome import Outcome


@pytest.mark.parametrize(
    ("cores", "seeds", "jobs", "expected"),
    [
        (2, 4, None, (2, 1)),  # a process per core
        (8, 4, None, (4, 2)),  # a process per run, which share the cores
        (8, 4, 2, (2, 4)),
        (2, 4, 8, (4, 1)),  # never a process without a run, nor a run without a thread
        (8, 1, None, None),  # a run alone, in this process, with all threads
        (1, 4, None, None),
        (8, 4, 1, None),
    ],
)
def test_processes_and_threads(
    dots: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    seeds: int,
    jobs: int | None,
    expected: tuple[int, int] | None,
) -> None:
    asked: list[int] = []
    told: list[tuple[int, int, int]] = []

    def ends_of(function: Any, tasks: list[Any], *, jobs: int, **how: Any) -> Iterator[tuple[int, Done]]:
        asked.append(jobs)
        return ((index, Done([Outcome(run) for run in task.runs])) for index, task in enumerate(tasks))

    def announce(runs: list[Run], data: object, at_once: int, threads: int, *, stacked: int) -> None:
        assert stacked == 1
        told.append((len(runs), at_once, threads))

    for name, value in {"cores": lambda: cores, "ends_of": ends_of, "announce": announce}.items():
        monkeypatch.setattr(pool, name, value)
    monkeypatch.setattr(pool.torch, "get_num_threads", lambda: 8)
    config: Any = configure("vae", "demo", sets=["architecture=mlp", "batch_size=12"])
    runs = [Run("vae", config, dots, seed, tmp_path, device="cpu", precision="fp32") for seed in range(seeds)]
    assert len(train_pool(runs, jobs)) == seeds
    at_once, threads = expected or (1, 8)
    assert asked == [at_once]
    assert told == ([(seeds, at_once, threads)] if seeds > 1 else [])  # a run alone tells of itself


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([UsageError("taken"), UsageError("taken, too")], UsageError),  # the command has to change
        ([UsageError("taken"), None], RunError),
        ([UsageError("taken"), RunError("diverged")], RunError),
        ([UsageError("taken"), Interrupted("saved")], Interrupted),
        ([UsageError("taken")], UsageError),
    ],
)
def test_what_a_pool_raises(tmp_path: Path, errors: list[DcrError | None], expected: type[DcrError]) -> None:
    config: Any = configure("vae", "demo")
    runs = [Run("vae", config, "dots", seed, tmp_path) for seed in range(len(errors))]
    outcomes = [Outcome(run, error) for run, error in zip(runs, errors, strict=True)]
    with pytest.raises(expected, match=r"taken|not complete"):
        pool.raise_failures(outcomes)


def test_a_pool_without_failures_raises_nothing(tmp_path: Path) -> None:
    config: Any = configure("vae", "demo")
    pool.raise_failures([Outcome(Run("vae", config, "dots", 0, tmp_path))])

"""Pools as tasks: what is claimed, what comes back, how a pool is stopped. Workers are local processes."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import DcrError, Interrupted, UsageError
from disentangle_cli.executors import Control, ends_of
from disentangle_cli.files import locked
from disentangle_cli.tasks.ended import Ended
from disentangle_cli.training import Run, cluster, configure, train_pool
from disentangle_cli.training.cluster import train_on_cluster
from disentangle_cli.training.outcome import Outcome
from disentangle_cli.training.run import prepare
from disentangle_cli.training.spec import LOCK
from disentangle_cli.training.together import train_together
from tests.training.conftest import same_weights


@pytest.fixture
def runs(dots: str, tmp_path: Path) -> list[Run]:
    """Two seeds of a tiny VAE."""
    config = configure("vae", "demo", iterations=12, sets=["architecture=mlp", "batch_size=12"])
    return [Run("vae", config, dots, seed, tmp_path / "out", precision="fp32") for seed in (0, 1)]


def carry_out(runs: list[Run]) -> dict[int, Outcome]:
    outcomes = list(train_on_cluster(runs, [prepare(run)[1] for run in runs], "local", 2))
    assert not list(runs[0].out.glob(".pool-*"))
    return {outcome.run.seed: outcome for outcome in outcomes}


def sees_nothing(marker: Path, control: Control) -> bool:
    return False


def test_same_weights_as_a_pool_of_this_machine(runs: list[Run], tmp_path: Path) -> None:
    outcomes = carry_out(runs)
    assert [outcomes[run.seed].error for run in runs] == [None, None]
    here = [replace(run, out=tmp_path / "here") for run in runs]
    assert all(outcome.error is None for outcome in train_pool(here, 1))
    for run, twin in zip(runs, here, strict=True):
        assert outcomes[run.seed].run is run
        assert same_weights(run.checkpoint, twin.checkpoint)
        assert (run.folder / "log.csv").read_text() == (twin.folder / "log.csv").read_text()


def test_without_a_shared_folder_the_files_come_back(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "sees", sees_nothing)
    bad = replace(runs[1], config=configure("vae", "demo", sets=["architecture=mlp", "batch_size=12",
                                                                 "optim.rate=1e30"]))  # fmt: skip
    outcomes = carry_out([runs[0], bad])
    assert outcomes[0].error is None
    twin = replace(runs[0], out=tmp_path / "here")
    train_pool([twin])
    assert same_weights(runs[0].checkpoint, twin.checkpoint)
    names = {path.name for path in runs[0].folder.iterdir()}
    assert {"config.yaml", "log.csv", "traversal-final.png"} <= names
    assert "resume.pt" not in names
    assert "diverged" in str(outcomes[1].error)
    assert "/dcr-" not in str(outcomes[1].error)  # the folder on the worker is gone
    assert not bad.checkpoint.exists()
    assert (bad.folder / "config.yaml").exists()


def test_a_finished_run_is_left_alone_unless_it_is_to_be_overwritten(runs: list[Run]) -> None:
    assert carry_out(runs[:1])[0].error is None
    before = runs[0].checkpoint.read_bytes()
    assert carry_out(runs[:1])[0].error is None
    assert runs[0].checkpoint.read_bytes() == before
    other = replace(runs[0], config=runs[0].config.scaled_to(6))
    assert "another configuration" in str(carry_out([other])[0].error)
    assert runs[0].checkpoint.read_bytes() == before
    assert carry_out([replace(other, overwrite=True)])[0].error is None
    assert load_checkpoint(runs[0].checkpoint).provenance["iteration"] == 6


def test_without_a_shared_folder_what_is_there_counts(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "sees", sees_nothing)
    twins = [replace(run, out=tmp_path / "here") for run in runs]
    assert all(outcome.error is None for outcome in train_pool(twins, 1))
    assert carry_out(runs[:1])[0].error is None
    before = runs[0].checkpoint.stat().st_mtime_ns
    (late,) = train_pool([replace(runs[1], deadline=time.time())])
    assert isinstance(late.error, Interrupted)
    started = runs[1].state.stat().st_mtime_ns
    assert not runs[1].checkpoint.exists()

    def without_a_start(runs: list[Run], *rest: object, **more: object) -> list[Outcome]:
        assert runs[0].state.stat().st_size  # it was sent along
        return train_together(runs, [])

    monkeypatch.setattr(cluster, "train_together", without_a_start)
    monkeypatch.setattr(cluster, "ends_of", in_this_process)
    outcomes = carry_out([replace(run, resume=True) for run in runs])
    assert [outcomes[seed].error for seed in (0, 1)] == [None, None]
    assert runs[0].checkpoint.stat().st_mtime_ns == before  # finished: left alone
    assert runs[1].state.stat().st_mtime_ns == started
    assert same_weights(runs[1].checkpoint, twins[1].checkpoint)


def test_an_unfinished_run_is_refused_before_any_worker_has_it(runs: list[Run]) -> None:
    (late,) = train_pool([replace(runs[0], deadline=time.time())])
    assert isinstance(late.error, Interrupted)
    outcomes = carry_out(runs)
    assert isinstance(outcomes[0].error, UsageError)
    assert "--resume goes on with it" in str(outcomes[0].error)
    assert outcomes[1].error is None
    assert carry_out([replace(runs[0], resume=True)])[0].error is None


def test_a_run_that_another_process_trains_is_refused_here(runs: list[Run]) -> None:
    with locked(runs[0].folder / LOCK, "busy"):
        outcomes = carry_out(runs)
    assert "another process is training there" in str(outcomes[0].error)
    assert outcomes[1].error is None


def in_this_process(*work: Any, **how: Any) -> Iterator[tuple[int, Ended]]:
    return ends_of(*work, **how | {"jobs": 1})


def task(run: Run) -> cluster.ClusterTask:
    return cluster.ClusterTask(replace(run, resume=True), files=None)


def test_a_worker_waits_for_one_that_was_given_up_as_dead(runs: list[Run]) -> None:
    runs[0].out.mkdir()
    results: list[DcrError | None] = []

    def work() -> None:
        results.append(cluster.carry_out(task(runs[0]), Control())[0])

    with locked(runs[0].folder / LOCK, "busy"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
        assert not runs[0].checkpoint.exists()
    thread.join(timeout=60)
    assert results == [None]
    assert runs[0].checkpoint.exists()


def test_a_run_that_is_not_wanted_any_more_never_starts(runs: list[Run]) -> None:
    runs[0].out.mkdir()
    error, files = cluster.carry_out(task(runs[0]), Control(["the end of the pool"]))
    assert isinstance(error, Interrupted)
    assert "not started" in str(error)
    assert not files


def test_a_worker_without_the_folder_says_so(runs: list[Run], tmp_path: Path) -> None:
    error, _ = cluster.carry_out(task(replace(runs[0], out=tmp_path / "elsewhere")), Control())
    assert f"does not see {tmp_path / 'elsewhere'}" in str(error)

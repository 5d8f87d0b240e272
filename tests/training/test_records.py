"""What runs have left: where they are found, what they say of themselves."""

from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.config import Staircase
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.preset_files import preset_names
from disentangle_cli.training import configure
from disentangle_cli.training.records import find_runs, read_run
from tests.training.write_runs import write_run


def test_runs_are_found_by_folder_pool_checkpoint_and_log(tmp_path: Path) -> None:
    pool = tmp_path / "ckpts"
    runs = [write_run(pool / f"vae_seed-{seed}", seed=seed) for seed in (10, 2, 1)]
    (pool / "vae_seed-1.pt").write_bytes(b"")
    (pool / "notes").mkdir()
    assert [run.name for run in find_runs([pool])] == ["vae_seed-1", "vae_seed-2", "vae_seed-10"]
    assert find_runs([tmp_path])[0] == runs[2]
    for path in (runs[2], pool / "vae_seed-1.pt", runs[2] / "log.csv"):
        assert find_runs([path]) == [runs[2]]
    assert len(find_runs([pool, runs[0], str(runs[0])])) == 3  # each once


def test_places_without_runs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    (tmp_path / "a.txt").write_bytes(b"")
    for path, words in (
        (tmp_path / "no", "there is no such file"),
        (tmp_path, "no run is there"),
        (tmp_path / "a.pt", r"has no log\.csv"),
        (tmp_path / "a.txt", "name folders of runs"),
        (tmp_path / "*.pt", "no file matches"),
    ):
        with pytest.raises(UsageError, match=words):
            find_runs([path])


def test_a_run_says_how_far_it_is(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "r", values={"loss": [3, None, 1], "kl": [None, 2]}))
    assert (run.name, run.seed, run.done, run.length) == ("r", 0, 300, 1000)
    assert [part.tolist() for part in run.series("loss")] == [[100, 300], [3, 1]]
    assert [len(part) for part in run.series("nothing")] == [0, 0]
    assert run.last() == {"loss": 1.0, "kl": 2.0}
    assert not run.complete
    (tmp_path / "r.pt").touch()
    assert run.complete  # though its last row is not that of the last iteration


def test_a_folder_with_a_log_alone_is_a_run_too(tmp_path: Path) -> None:
    (write_run(tmp_path / "r") / "config.yaml").unlink()
    run = read_run(tmp_path / "r")
    assert (run.seed, run.length, run.milestones, run.done) == (None, None, [], 300)
    (tmp_path / "r" / "config.yaml").write_text("model: [no, text]\niterations: many\n")
    assert read_run(tmp_path / "r").milestones == []
    (tmp_path / "r" / "config.yaml").write_text("{")
    with pytest.raises(UsageError, match=r"config\.yaml"):
        read_run(tmp_path / "r")


def test_milestones_are_those_of_the_schedules(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "r", model="infogan-cr", preset="fast", iterations=8650))
    assert [tuple(one) for one in run.milestones] == [
        (0, "warm start: codes settle"),
        (3500, "warm start: the other codes learn"),
        (7500, "D and Q are fitted"),
        (7650, "game of G and D"),
        (7850, "regulariser on"),
    ]


@pytest.mark.parametrize("model", MODELS.names())
def test_every_preset_has_milestones_in_order(model: str) -> None:
    for preset in preset_names(model):
        config = configure(model, preset)
        milestones = MODELS.get(model).milestones(config)
        assert milestones == sorted(milestones)
        assert all(one.iteration >= 0 for one in milestones)
        # what the iterations themselves are given changes where a phase begins
        if model == "infogan-cr":
            weight = config.contrastive.weight
            assert [p.iteration for p in milestones if p.name == "regulariser on"] == [weight.every][
                : weight.times
            ]


def test_changes_of_a_staircase_are_those_that_it_makes() -> None:
    for stairs in (Staircase(step=1.0, every=3, times=2), Staircase(step=0.5, every=7, times=9), Staircase()):
        values = np.array([stairs.at(iteration) for iteration in range(20)])
        assert stairs.changes(20) == (np.nonzero(np.diff(values))[0] + 1).tolist()

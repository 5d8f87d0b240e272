"""``dcr score`` with several models at once: the numbers of one after the other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.executors import Control
from disentangle_cli.scoring import many
from tests.conftest import WriteModel

Cli = Callable[..., Any]
FAST = ["--metrics", "mig,sap,factor_vae", "--set", "data.rows=200", "--set", "data.reference=200",
        "--set", "data.groups=20", "--set", "data.group_size=8", "--format", "json"]  # fmt: skip


@pytest.fixture
def models(write_model: WriteModel, tmp_path: Path) -> list[str]:
    """Two checkpoints and codes made elsewhere."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, size, 300) for size in (3, 4)], axis=1)
    np.savez(tmp_path / "codes.npz", codes=factors + rng.normal(size=factors.shape) * 0.1, factors=factors)
    return [str(write_model("a.pt", seed=1)), str(tmp_path / "codes.npz"), str(write_model("b.pt", seed=2))]


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """25 labelled images of 8 x 8 pixels."""
    images = np.zeros((25, 8, 8), np.uint8)
    for i, image in enumerate(images):
        image[i // 5 : i // 5 + 3, i % 5 : i % 5 + 3] = 1
    factors = np.stack([np.arange(25) // 5, np.arange(25) % 5], axis=1)
    np.savez(tmp_path / "squares.npz", imgs=images, factors=factors)
    return tmp_path / "squares.npz"


def results(cli: Cli, models: list[str], squares: Path, *arguments: str) -> list[dict[str, Any]]:
    done = cli("score", *models, "--dataset", squares, *FAST, *arguments)
    assert done.exit_code == 0, done.stderr
    return list(json.loads(done.stdout)["results"])


def test_same_numbers_in_processes(cli: Cli, models: list[str], squares: Path) -> None:
    alone = results(cli, models, squares)
    assert results(cli, models, squares, "--jobs", "2") == alone
    assert [entry["model"] for entry in alone] == models
    assert alone[0]["metrics"]["factor_vae"]["score"] > 0


def test_an_error_of_one_model_is_the_commands(cli: Cli, models: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    for jobs in ("1", "2"):
        done = cli("score", models[1], tmp_path / "bad.pt", "--jobs", jobs)
        assert done.exit_code == 2
        assert "bad.pt" in done.stderr
        assert done.stdout == ""


def test_a_file_that_no_worker_sees_is_sent(
    cli: Cli, models: list[str], squares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes | None] = []

    def run_here(function: Callable[[Any], Any], tasks: list[Any], **options: Any) -> Any:
        if isinstance(tasks[0], list):  # the question which of these files a worker sees
            return [(0, [None] * len(tasks[0]))]  # as one without a shared folder would answer
        sent.extend(task.content for task in tasks)
        return [(index, function(task, Control())) for index, task in enumerate(tasks)]

    alone = results(cli, models, squares)
    monkeypatch.setattr(many, "run_tasks", run_here)
    monkeypatch.setattr(many, "check_executor", lambda executor: None)  # Dask need not be installed
    assert results(cli, models, squares, "--executor", "dask") == alone
    assert sent == [Path(model).read_bytes() for model in models]


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["dask", "ray"])
def test_same_numbers_on_a_cluster(cli: Cli, models: list[str], squares: Path, executor: str) -> None:
    pytest.importorskip("distributed" if executor == "dask" else "ray")
    alone = results(cli, models, squares)
    assert results(cli, models, squares, "--executor", executor, "--jobs", "2") == alone

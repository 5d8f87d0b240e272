"""wandb and MLflow themselves: offline, and into a folder of files."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from disentangle_cli.training.loggers import Loggers, Start

pytestmark = pytest.mark.slow
SETTINGS = {"model": "vae", "optim": {"encoder": 1e-3}, "seed": 0}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An MLflow client on a store of files."""
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    from mlflow import MlflowClient

    return MlflowClient()


def test_mlflow(tmp_path: Path, files: Any, speaking: None, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    first = Loggers(["mlflow"], Start(folder, "stem", SETTINGS, 0))
    for iteration in (9, 19, 29):
        first.write(iteration, {"h/loss": iteration / 10, "kl": 1.0, "kl/c1": 1.0})
    first.close(False)
    again = Loggers(["mlflow"], Start(folder, "stem", SETTINGS, 20))  # killed after 29, its state is of 20
    for iteration in (29, 39):
        again.write(iteration, {"h/loss": iteration / 10, "score/factor_vae": 0.5})
    again.close(True)
    assert not capsys.readouterr().err
    experiment = files.get_experiment_by_name("dcr")
    (run,) = files.search_runs([experiment.experiment_id])
    assert run.info.run_id == json.loads((folder / "loggers.json").read_text())["mlflow"]
    assert (run.info.run_name, run.info.status) == ("stem", "FINISHED")
    assert run.data.params == {"model": "vae", "optim.encoder": "0.001", "seed": "0"}
    told = [(one.step, one.value) for one in files.get_metric_history(run.info.run_id, "h.loss")]
    assert told == [(9, 0.9), (19, 1.9), (29, 2.9), (39, 3.9)]
    assert run.data.metrics["score.factor_vae"] == 0.5


def test_mlflow_without_a_server_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speaking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    opened = Loggers(["mlflow"], Start(tmp_path, "stem", SETTINGS, 0))
    opened.write(1, {"loss": 1.0})
    opened.close(True)
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if line.startswith("warning: ")]) == 1
    assert "no more events for MLflow" in "".join(told)


def test_wandb_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Result]) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_DIR", raising=False)
    out = tmp_path / "out"
    done = cli(
        "train", "--model", "vae", "--dataset", "toy", "--preset", "demo", "--seeds", "0-1", "--jobs", "1",
        "--iterations", "4", "--set", "batch_size=4", "--set", "log.every=2", "--set", "log.score_every=0",
        "--logger", "wandb,tensorboard", "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "warning" not in done.stderr
    assert done.stdout.count(".pt\n") == 2
    names = set()
    for seed in "01":
        folder = out / f"vae_toy_seed-{seed}"
        name = json.loads((folder / "loggers.json").read_text())["wandb"]
        (record,) = folder.glob(f"wandb/offline-run-*/run-{name}.wandb")
        assert {iteration for iteration, _ in rows(record)} == {1, 3}
        assert all("loss" in row for _, row in rows(record))
        assert any(folder.glob("events.out.tfevents.*"))
        names.add(name)
    assert len(names) == 2


def rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Steps and values that an offline run of wandb holds."""
    from wandb.proto import wandb_internal_pb2

    found = []
    for data in records(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}
            values = {key: json.loads(value) for key, value in items.items()}
            found.append((int(values["_step"]), values))
    return found


def records(data: bytes) -> Iterator[bytes]:
    """The records of a log as LevelDB writes it: blocks of 32 KiB, a record in pieces where it must be."""
    place, whole = 7, b""  # behind wandb's own header
    while place + 7 <= len(data):
        if 2**15 - place % 2**15 < 7:
            place += 2**15 - place % 2**15
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        place += 7 + length
        whole += data[place - length : place]
        if kind in (1, 4):  # complete, or the last piece
            yield whole
            whole = b""


def test_wandb_goes_on_with_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for iteration in (0, 20):
        opened = Loggers(["wandb"], Start(tmp_path, "stem", SETTINGS, iteration))
        opened.write(iteration + 9, {"loss": 1.0})
        opened.close(iteration > 0)
    name = json.loads((tmp_path / "loggers.json").read_text())["wandb"]
    assert len(list(tmp_path.glob(f"wandb/offline-run-*/run-{name}.wandb"))) >= 1
    assert {path.stem for path in tmp_path.glob("wandb/offline-run-*/*.wandb")} == {f"run-{name}"}


def test_wandb_without_an_account_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speaking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where no login is kept
    opened = Loggers(["wandb"], Start(tmp_path, "stem", SETTINGS, 0))
    opened.write(1, {"loss": 1.0})
    opened.close(True)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert len(told) == 1
    assert "WANDB_MODE=offline" in told[0]

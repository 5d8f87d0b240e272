"""``dcr compare``."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

import disentangle_cli as dcr
from disentangle_cli.checkpoint import load_checkpoint, save_checkpoint
from disentangle_cli.plain import read_yaml
from tests.conftest import WriteModel
from tests.training.write_runs import write_run

Cli = Callable[..., Result]


def result(model: str = "m.pt", **changes: Any) -> dict[str, Any]:
    metrics = {
        "mig": {
            "score": 0.5,
            "interval": [0.48, 0.52],
            "std": 0.01,
            "variant": "v",
            "settings": {},
            "samples": {},
        },
        "fid": {
            "score": 10.0,
            "interval": [9.0, 11.0],
            "std": 0.5,
            "variant": "v",
            "settings": {},
            "samples": {},
        },
    }
    return {
        "model": model, "dataset": "dsprites", "fingerprint": "f", "labels": "l", "protocol": "infogan-cr",
        "encode": "mean", "seed": 0, "repeats": 1, "bootstrap": 100, "factors": ["x", "y"], "factor_bins": 0,
        "metrics": metrics,
    } | changes  # fmt: skip


def scored(score: float, half: float | None = 0.02, **more: Any) -> dict[str, Any]:
    interval = None if half is None else [score - half, score + half]
    return {"score": score, "interval": interval, "variant": "v", "settings": {}, "samples": {}} | more


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def put(name: str, *results: dict[str, Any], **fields: Any) -> Path:
        path = tmp_path / name
        path.write_text(
            json.dumps({"schema": "dcr.score/1", "versions": {"dcr": "1"}, "results": results} | fields)
        )
        return path

    return put


def one_line_error(said: Result, *words: str) -> None:
    assert said.exit_code == 2, said.stderr
    assert said.stderr.count("\n") == 1, said.stderr
    assert all(word in said.stderr for word in words), said.stderr


def numbers(said: Result) -> dict[str, dict[str, Any]]:
    assert said.exit_code == 0, said.stderr
    return {one["metric"]: one for one in json.loads(said.stdout)["numbers"]}


def test_verdicts_follow_the_interval_of_the_difference(cli: Cli, write: Callable[..., Path]) -> None:
    a = write("a.json", result(metrics={
        "mig": scored(0.5), "sap": scored(0.5), "dci": scored(0.5, None), "fid": scored(10, 1.0),
        "modularity": scored(0.5), "explicitness": {"score": None, "reason": "no"}, "jemmig": scored(0.5),
    }))  # fmt: skip
    b = write("b.json", result(metrics={
        "mig": scored(0.528), "sap": scored(0.529), "dci": scored(0.4, None), "fid": scored(8, 1.0),
        "modularity": scored(0.5), "explicitness": scored(0.5), "irs": scored(0.5),
    }))  # fmt: skip
    found = numbers(cli("compare", a, b, "--format", "json"))
    assert found["mig"]["reach"] == pytest.approx(0.02 * 2**0.5)  # 0.0283
    assert {name: one["verdict"] for name, one in found.items()} == {
        "mig": "not told apart",
        "sap": "better",
        "dci": "worse (no interval)",
        "fid": "better",  # a distance: less is better
        "modularity": "the same",
        "explicitness": "only in B",
        "jemmig": "only in A",
        "irs": "only in B",
    }
    assert found["fid"]["difference"] == pytest.approx(-2)
    assert found["dci"]["interval_a"] is None
    assert found["explicitness"]["difference"] is None


def test_parts_are_compared_too(cli: Cli, write: Callable[..., Path]) -> None:
    parts = {"completeness": {"mean": 0.3, "std": 0.1, "interval": [0.28, 0.32]}}
    a = write("a.json", result(metrics={"dci": scored(0.5, completeness=0.3, parts=parts)}))
    b = write("b.json", result(metrics={"dci": scored(0.5, completeness=0.9)}))
    found = numbers(cli("compare", a, b, "--format", "json"))
    assert found["dci.completeness"]["interval_a"] == [0.28, 0.32]
    assert found["dci.completeness"]["verdict"] == "higher (no interval)"


@pytest.mark.parametrize(
    ("key", "value"),
    [("dataset", "teapots"), ("protocol", "disentanglement-lib"), ("factors", ["x"]), ("fingerprint", "g"),
     ("labels", "other"), ("factor_bins", 5)],
)  # fmt: skip
def test_what_measures_other_things_is_refused(
    cli: Cli, write: Callable[..., Path], key: str, value: object
) -> None:
    a, b = write("a.json", result(factor_bins=3)), write("b.json", result(**{"factor_bins": 3, key: value}))
    one_line_error(cli("compare", a, b), key, "do not compare", "--force")
    found = numbers(cli("compare", a, b, "--force", "--format", "json"))
    assert {one["difference"] for one in found.values()} == {None}
    assert {one["verdict"] for one in found.values()} == {"not of the same"}


def test_another_seed_is_told(cli: Cli, write: Callable[..., Path]) -> None:
    a, b = write("a.json", result()), write("b.json", result(seed=7), versions={"dcr": "2"})
    said = cli("compare", a, b)
    assert said.exit_code == 0, said.stderr
    assert "another seed" in said.stderr
    lines = [line.split() for line in said.stdout.splitlines()]
    assert ["seed", "0", "7"] in lines
    assert ["version", "of", "dcr", "1", "2"] in lines
    same = ["mig", "0.500", "±0.020", "0.500", "±0.020", "0.000", "±0.028", "the", "same"]
    assert same in lines


def test_a_metric_that_was_measured_otherwise_has_no_difference(cli: Cli, write: Callable[..., Path]) -> None:
    a = write("a.json", result(metrics={"mig": scored(0.5, samples={"points": 100}), "sap": scored(0.1)}))
    b = write("b.json", result(metrics={"mig": scored(0.9, samples={"points": 999}), "sap": scored(0.1)}))
    found = numbers(cli("compare", a, b, "--format", "json"))
    assert found["mig"]["difference"] is None
    assert found["mig"]["verdict"] == "measured otherwise: number of points 100 and 999"
    assert found["sap"]["verdict"] == "the same"


def test_models_of_pools_are_matched(cli: Cli, write: Callable[..., Path]) -> None:
    a = write("a.json", result("x/1.pt"), result("x/2.pt"), result("x/3.pt"))
    b = write("b.json", result("y/2.pt"), result("x/1.pt"))
    said = cli("compare", a, b, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert {(row["model_a"], row["model_b"]) for row in rows if row["verdict"]} == {
        ("x/1.pt", "x/1.pt"), ("x/2.pt", "y/2.pt"),
    }  # fmt: skip
    assert "x/3.pt" in said.stderr
    one_line_error(cli("compare", a, write("c.json", result("z.pt"), result("w.pt"))), "no model in common")
    one_line_error(cli("compare", a, write("d.json", result("u/1.pt"), result("v/1.pt"))), "2 results")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "dcr.train/1"}', "\x00", '{"results": 3}'])
def test_other_files_are_refused_by_name(
    cli: Cli, write: Callable[..., Path], tmp_path: Path, text: str
) -> None:
    (tmp_path / "x.json").write_text(text)
    one_line_error(cli("compare", write("a.json", result()), tmp_path / "x.json"), "x.json")
    one_line_error(cli("compare", tmp_path / "no.json", tmp_path / "x.json"), "no.json")


@pytest.mark.parametrize(
    "metric",
    [{"parts": 3}, {"parts": {"completeness": 1}}, {"parts": {"completeness": {"interval": [1]}}},
     {"completeness": float("nan")}, {"importance": [[1]]}],
)  # fmt: skip
def test_odd_parts_cost_the_parts_alone(cli: Cli, write: Callable[..., Path], metric: dict[str, Any]) -> None:
    a = write("a.json", result(metrics={"dci": scored(0.5, **metric)}))
    found = numbers(
        cli("compare", a, write("b.json", result(metrics={"dci": scored(0.7)})), "--format", "json")
    )
    assert found["dci"]["verdict"] == "better"


def test_two_checkpoints(
    cli: Cli, write_model: WriteModel, tmp_path: Path, write: Callable[..., Path]
) -> None:
    about = {"source": "trained", "dataset": "toy", "dataset_fingerprint": "1", "iteration": 10}
    a = write_model("a.pt", provenance=about | {"seed": 0})
    b = write_model("b.pt", seed=1, provenance=about | {"seed": 1})
    said = cli("compare", a, b, "--format", "json")
    assert json.loads(said.stdout)["configuration"] == [{"setting": "seed", "a": 0, "b": 1}]
    other = write_model("c.pt", provenance=about | {"dataset": "dsprites", "seed": 0})
    one_line_error(cli("compare", a, other), "dataset is toy and dsprites", "--force")
    forced = json.loads(cli("compare", a, other, "--force", "--format", "json").stdout)
    assert forced["configuration"] == [{"setting": "dataset", "a": "toy", "b": "dsprites"}]
    same = cli("compare", a, a)
    assert "what changed: nothing" in same.stdout
    assert f"dcr score {a} {a}" in same.stderr
    one_line_error(cli("compare", a, write("s.json", result())), "two of one kind")
    # what changed in the training of scored models is told, too
    scores = [write(f"{path.stem}.json", result(str(path))) for path in (a, b)]
    found = json.loads(cli("compare", *scores, "--format", "json").stdout)["configuration"]
    assert {"setting": "training: seed", "a": 0, "b": 1} in found
    assert "seed" not in {one["setting"] for one in found}  # that of the scoring is the same


def test_two_runs_under_way(cli: Cli, tmp_path: Path) -> None:
    a = write_run(
        tmp_path / "a", values={"loss": [3.0, 1.0], "score/factor_vae": [0.4, 0.5]}, sets=["beta=1"]
    )
    b = write_run(tmp_path / "b", values={"loss": [3.0]}, sets=["beta=4", "log.images_every=7"])
    said = cli("compare", a, b, "--format", "json")
    found = numbers(said)
    assert found["loss"]["difference"] == 2
    assert found["score/factor_vae"]["verdict"] == "only in A"
    changes = {one["setting"]: (one["a"], one["b"]) for one in json.loads(said.stdout)["configuration"]}
    assert changes == {"beta": (1.0, 4.0), "iteration": (200, 100)}
    one_line_error(cli("compare", tmp_path, a), "holds 2 runs")
    one_line_error(cli("compare", tmp_path / "no", a), "no")


def test_a_run_under_way_and_a_checkpoint(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    config = read_yaml(write_run(tmp_path / "a") / "config.yaml")
    trained = {key: value for key, value in config.items() if key not in ("model", "dataset", "seed")}
    about = {
        "source": "trained",
        "dataset": "dsprites",
        "seed": 5,
        "iteration": 1000,
        "versions": {"dcr": "1"},
    }
    checkpoint = load_checkpoint(write_model("b.pt", provenance=about))
    done = replace(checkpoint, model="beta-vae", config=checkpoint.config | {"training": trained})
    save_checkpoint(tmp_path / "b.pt", done)
    shutil.copy(tmp_path / "b.pt", tmp_path / "named-otherwise")
    for path in (tmp_path / "b.pt", tmp_path / "named-otherwise"):
        said = cli("compare", tmp_path / "a", path, "--format", "json")
        assert said.exit_code == 0, said.stderr
        changes = {one["setting"]: (one["a"], one["b"]) for one in json.loads(said.stdout)["configuration"]}
        assert changes == {"seed": (0, 5), "iteration": (300, 1000)}


def test_python_gives_the_same(write: Callable[..., Path]) -> None:
    found = dcr.compare(write("a.json", result()), write("b.json", result()))
    assert {one.verdict for one in found.numbers} == {"the same"}
    assert found.changes == []
    assert "what changed: nothing" in found._repr_html_()
    assert np.isfinite([one.a for one in found.numbers]).all()  # type: ignore[arg-type]

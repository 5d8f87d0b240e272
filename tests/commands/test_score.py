"""``dcr score`` from the outside: documents, tables, gates, refusals."""

import csv
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import VAE_LATENTS

Cli = Callable[..., Any]


def good(rows: int = 300) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, size, rows) for size in (3, 4, 5)], axis=1)
    return {"codes": factors + rng.normal(size=factors.shape) * 0.01, "factors": factors}


@pytest.fixture
def codes(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = "codes.npz", **changes: Any) -> Path:
        arrays = {key: value for key, value in (good() | changes).items() if value is not None}
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


def test_json_document(cli: Cli, codes: Callable[..., Path]) -> None:
    path = codes()
    result = cli("score", path, "--format", "json", "--seed", 7)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.score/1"
    assert document["seed"] == 7
    assert {"dcr", "numpy", "scikit-learn"} <= document["versions"].keys()
    (entry,) = document["results"]
    assert entry["model"] == str(path)
    assert entry["protocol"] == "infogan-cr"
    assert entry["seed"] == 7
    metrics = entry["metrics"]
    assert set(metrics) == {"factor_vae", "dci", "sap", "explicitness", "modularity", "mig", "beta_vae"}
    assert metrics["mig"]["score"] > 0.9
    assert {"score", "disentanglement", "completeness", "informativeness"} <= metrics["dci"].keys()
    assert metrics["dci"]["score"] == metrics["dci"]["disentanglement"]
    for name in ("factor_vae", "beta_vae"):
        assert metrics[name]["score"] is None
        assert "absent" in metrics[name]["reason"]
    again = cli("score", path, "--format", "json", "--seed", 7)
    assert again.stdout == result.stdout


def test_table_and_csv(cli: Cli, codes: Callable[..., Path]) -> None:
    path = codes()
    table = cli("score", path, "--metrics", "mig,dci")
    assert table.exit_code == 0
    assert table.stdout.splitlines()[0].split() == ["metric", "value", "note"]
    assert "dci.completeness" in table.stdout
    rows = list(
        csv.DictReader(io.StringIO(cli("score", path, "--metrics", "mig,dci", "--format", "csv").stdout))
    )
    assert rows[0]["metric"] == "mig"
    assert float(rows[0]["value"]) > 0.9
    assert rows[0]["model"] == str(path)


def test_several_models_and_stdin(cli: Cli, codes: Callable[..., Path]) -> None:
    first, second = codes("a.npz"), codes("b.npz", codes=good()["codes"][:, :1])
    table = cli("score", first, second, "--metrics", "mig,modularity")
    lines = table.stdout.splitlines()
    assert lines[0].split() == ["model", "mig", "modularity"]
    assert len(lines) == 3
    assert lines[2].split()[1] == "-"
    piped = cli("score", "-", "--metrics", "mig", "--format", "json", stdin=f"{first}\n{second}\n")
    assert [entry["model"] for entry in json.loads(piped.stdout)["results"]] == [str(first), str(second)]


def test_settings_reach_the_metric(cli: Cli, codes: Callable[..., Path]) -> None:
    result = cli("score", codes(), "--metrics", "mig", "--set", "mig.bins=10", "--format", "json")
    mig = json.loads(result.stdout)["results"][0]["metrics"]["mig"]
    assert mig["settings"]["bins"] == 10
    assert mig["variant"] == "infogan-cr with bins=10"


def test_rows_of_the_halves(cli: Cli, codes: Callable[..., Path]) -> None:
    path = codes(train_rows=np.array([0, 120]), test_rows=np.array([120, 300]))
    result = cli("score", path, "--metrics", "sap", "--protocol", "disentanglement-lib", "--format", "json")
    sap = json.loads(result.stdout)["results"][0]["metrics"]["sap"]
    assert sap["samples"] == {"train_rows": 120, "test_rows": 180}


def test_repeats(cli: Cli, codes: Callable[..., Path]) -> None:
    result = cli("score", codes(), "--metrics", "mig", "--repeats", 2, "--format", "json")
    mig = json.loads(result.stdout)["results"][0]["metrics"]["mig"]
    assert mig["std"] == 0
    assert len(mig["repeats"]) == 2


def test_gates(cli: Cli, codes: Callable[..., Path]) -> None:
    path = codes()
    passed = cli(
        "score", path, "--metrics", "mig,dci", "--fail-under", "mig=0.5", "--fail-under", "dci.score=0.1"
    )
    assert passed.exit_code == 0
    failed = cli("score", path, "--metrics", "mig", "--fail-under", "mig=1.5", "--format", "json")
    assert failed.exit_code == 3
    assert json.loads(failed.stdout)["results"], "the numbers are printed all the same"
    assert "under 1.5" in failed.stderr
    null = cli("score", path, "--metrics", "factor_vae", "--fail-under", "factor_vae=0.1")
    assert null.exit_code == 3
    assert "null" in null.stderr
    wrong = cli("score", path, "--metrics", "mig", "--fail-under", "dci=0.1")
    assert (wrong.exit_code, wrong.stdout) == (2, "")


def test_baseline(cli: Cli, codes: Callable[..., Path], tmp_path: Path) -> None:
    path = codes()
    old = tmp_path / "old.json"
    old.write_text(cli("score", path, "--metrics", "mig", "--format", "json").stdout)
    assert cli("score", path, "--metrics", "mig", "--baseline", old).exit_code == 0
    worse = codes(codes=good()["codes"] + np.random.default_rng(1).normal(size=(300, 3)))
    fallen = cli("score", worse, "--metrics", "mig", "--baseline", old)
    assert fallen.exit_code == 3
    assert "mig fell by" in fallen.stderr
    for text in ("", "[1, 2]", '{"schema": "dcr.centrality/1"}', '{"schema": "dcr.score/1", "results": [3]}'):
        old.write_text(text)
        refused = cli("score", path, "--metrics", "mig", "--baseline", old)
        assert refused.exit_code == 2
        assert str(old) in refused.stderr
    assert cli("score", path, "--metrics", "mig", "--baseline", tmp_path / "no.json").exit_code == 2


def nan_codes() -> Any:
    codes = good()["codes"].copy()
    codes[3, 1] = np.nan
    return codes


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"codes": None}, "no array 'codes'"),
        ({"factors": None}, "no array 'factors'"),
        ({"codes": nan_codes()}, "NaN"),
        ({"codes": good()["codes"][:10]}, "codes"),
        ({"codes": good()["codes"][:, 0]}, "codes"),
        ({"codes": np.full((300, 3), "a")}, "codes"),
        ({"codes": np.zeros((300, 0))}, "codes"),
        ({"factors": good()["factors"] * 0.5}, "whole numbers"),
        ({"factors": good()["factors"] - 3}, "whole numbers"),
        ({"codes": np.array([[1, None]], dtype=object)}, "pickled"),
        ({"train_rows": np.array([0, 999]), "test_rows": np.array([0, 5])}, "train_rows"),
        ({"train_rows": np.arange(7), "test_rows": np.array([0, 5])}, "train_rows"),
        ({"train_rows": np.array([0, 5])}, "test_rows"),
        ({"group_codes": np.zeros((4, 6, 2)), "group_labels": np.zeros(4, int)}, "number of codes"),
        ({"group_codes": np.zeros((4, 6, 3)), "group_labels": np.zeros(5, int)}, "group_labels"),
        ({"is_continuous": np.ones(9, bool)}, "is_continuous"),
    ],
)
def test_bad_codes_files(cli: Cli, codes: Callable[..., Path], changes: dict[str, Any], named: str) -> None:
    path = codes(**changes)
    result = cli("score", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert str(path) in last
    assert named in last
    assert "Traceback" not in result.stderr


def test_codes_files_that_unpack_to_too_much(
    cli: Cli, codes: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_cli.scoring.codes_file.MAX_NUMBERS", 100)
    refused = cli("score", codes())
    assert (refused.exit_code, "more than the 100 that are taken" in refused.stderr) == (2, True)


def test_files_that_are_no_codes(cli: Cli, tmp_path: Path) -> None:
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"PK\x03\x04 torn")
    code = tmp_path / "code.pt"
    code.write_bytes(pickle.dumps({"a": 1}))
    for path in (torn, code, tmp_path / "missing.npz", tmp_path / "missing.pt", tmp_path):
        result = cli("score", path)
        assert result.exit_code == 2, path
        assert str(path) in result.stderr
        assert "Traceback" not in result.stderr


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    factors = np.stack(np.meshgrid(range(3), range(4), range(5), indexing="ij"), axis=-1).reshape(-1, 3)
    images = (rng.random((60, 8, 8)) * 60 + factors[:, :1, None] * 40 + factors[:, 1:2, None] * 20).astype(
        np.uint8
    )
    np.savez(tmp_path / "labelled.npz", imgs=images, factors=factors)
    return tmp_path / "labelled.npz"


SMALL = ("data.rows=150", "data.reference=60", "data.groups=30", "data.group_size=8", "dci.trees=3")
SMALL_OPTIONS = [part for text in SMALL for part in ("--set", text)]


@pytest.mark.parametrize("posterior", [False, True])
def test_checkpoint(cli: Cli, write_model: Callable[..., Path], labelled: Path, posterior: bool) -> None:
    path = write_model(posterior=posterior, **({"blocks": VAE_LATENTS} if posterior else {}))
    result = cli("score", path, "--dataset", labelled, *SMALL_OPTIONS, "--format", "json", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads(result.stdout)["results"]
    assert entry["encode"] == ("sample" if posterior else "mean")
    assert entry["dataset"] == "labelled"
    for name, metric in entry["metrics"].items():
        assert metric["score"] is not None, (name, metric)
    assert entry["metrics"]["factor_vae"]["samples"] == {"groups": 30, "group_size": 8, "reference": 60}
    again = cli("score", path, "--dataset", labelled, *SMALL_OPTIONS, "--format", "json", "--device", "cpu")
    assert again.stdout == result.stdout


def test_checkpoint_refusals(cli: Cli, write_model: Callable[..., Path], labelled: Path) -> None:
    large = write_model("large.pt", side=16)
    wrong_size = cli("score", large, "--dataset", labelled)
    assert (wrong_size.exit_code, wrong_size.stdout) == (2, "")
    assert "8x8" in wrong_size.stderr
    unknown = cli("score", write_model(), "--dataset", "no-such-set")
    assert unknown.exit_code == 2
    assert "no-such-set" in unknown.stderr
    for option in (("--metrics", "mgi"), ("--protocol", "x"), ("--set", "mig.bans=2"), ("--set", "mig=2")):
        assert cli("score", large, *option).exit_code == 2


def test_bootstrap_and_interval_gates(cli: Cli, codes: Callable[..., Path]) -> None:
    path = codes()
    few = ("--metrics", "mig,irs", "--bootstrap", 4)
    result = cli("score", path, *few, "--format", "json", "--half-width", 0.05)
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads(result.stdout)["results"]
    mig = entry["metrics"]["mig"]
    assert entry["bootstrap"] == 4
    assert mig["interval"][0] <= mig["score"] <= mig["interval"][1]
    assert mig["needed"]["half_width"] == 0.05
    assert cli("score", path, *few, "--format", "json", "--half-width", 0.05).stdout == result.stdout
    rows = list(csv.DictReader(io.StringIO(cli("score", path, *few, "--format", "csv").stdout)))
    assert float(rows[0]["low"]) <= float(rows[0]["value"]) <= float(rows[0]["high"])
    assert cli("score", path, *few, "--fail-under-ci", "mig=0.5").exit_code == 0
    failed = cli("score", path, *few, "--fail-under-ci", "mig=0.9999999", "--fail-under-ci", "irs=0.1")
    assert failed.exit_code == 3
    assert "lower end" in failed.stderr
    alone = cli("score", path, "--metrics", "mig", "--fail-under-ci", "mig=0.5")
    assert alone.exit_code == 2
    assert "--bootstrap" in alone.stderr
    both = cli("score", path, "--bootstrap", 4, "--repeats", 2)
    assert both.exit_code == 2


def test_all_metrics_of_a_codes_file(cli: Cli, codes: Callable[..., Path]) -> None:
    result = cli("score", codes(), "--metrics", "all", "--format", "json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)["results"][0]["metrics"]
    assert metrics["infomec"]["score"] > 0.9
    assert "squared_errors" in metrics["reconstruction_error"]["reason"]


def test_labelled_folder(cli: Cli, write_model: Callable[..., Path], tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    rows = ["shape,file,x"]
    for i in range(24):
        pixels = np.full((8, 8), 10 * (i % 4) + 60 * (i // 12), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        rows.append(f"{'ab'[i // 12]},{i}.png,{(i % 4) / 2}")
    table = folder / "factors.csv"
    table.write_text("\n".join(rows) + "\n")
    small = [f"--set=data.{key}=20" for key in ("rows", "reference", "groups", "group_size")]
    names = ("--metrics", "factor_vae,beta_vae,mig,sap")
    result = cli("score", write_model(), "--dataset", folder, *names, *small, "--format", "json")
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads(result.stdout)["results"]
    assert entry["factors"] == ["shape", "x"]
    assert all(metric["score"] is not None for metric in entry["metrics"].values())
    for text, named in [
        ("\n".join(rows[:-1]), "no row for 23.png"),
        ("\n".join([*rows, "a,99.png,1"]), "99.png"),
        ("\n".join([*rows, rows[1]]), "twice"),
        ("shape\na\n", "column 'file'"),
    ]:
        table.write_text(text)
        refused = cli("score", write_model(), "--dataset", folder)
        assert refused.exit_code == 2
        assert named in refused.stderr


def test_factor_names_of_a_codes_file(cli: Cli, codes: Callable[..., Path]) -> None:
    named = codes(factor_names=np.array(["shape", "x", "y"]))
    result = cli("score", named, "--metrics", "mig", "--factors", "x", "--format", "json")
    assert json.loads(result.stdout)["results"][0]["factors"] == ["x"]
    assert "factor1, factor2, factor3" in cli("score", codes(), "--factors", "shape").stderr
    assert "factor_names" in cli("score", codes(factor_names=np.array(["a"]))).stderr
    assert "twice" in cli("score", codes(factor_names=np.array(["a", "a", "b"]))).stderr


def test_report(cli: Cli, codes: Callable[..., Path], tmp_path: Path) -> None:
    names = np.array(["<shape>", "x", "y"])
    first = codes(factor_names=names)
    second = codes("second.npz", factors=np.insert(good()["factors"], 1, 0, axis=1))
    page = tmp_path / "new" / "r.html"
    few = ("--metrics", "mig,modularity,irs,mutual_info_score,factor_vae", "--bootstrap", 2)
    result = cli("score", first, second, *few, "--report", page)
    assert result.exit_code == 0, result.stderr
    text = page.read_text()
    assert "://" not in text
    for wanted in (str(first), str(second), ">low</th>", "needs reference_codes, which is absent", "bins=20",
                   "mig.mutual_information, modularity.mutual_information", "irs.matrix",
                   "&lt;shape&gt;", "bootstrap: 2", "scikit-learn"):  # fmt: skip
        assert wanted in text, wanted
    assert "<shape>" not in text
    tables = [part.partition("</table>")[0] for part in text.split('<table class="matrix">')[1:]]
    assert '<th scope="row">c3</th>' in tables[0]
    assert '<th scope="col">y</th>' in tables[0]
    # the second file has no names, and its second factor has one value
    named = [f'<th scope="col">factor{k}</th>' in tables[3] for k in (1, 2, 3, 4)]
    assert named == [True, False, True, True]
    folder = cli("score", first, "--report", tmp_path)
    assert folder.exit_code == 2
    assert "is a folder" in folder.stderr


def test_a_part_that_is_never_there_is_refused_before_scoring(cli: Cli, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.npz"  # is not even looked at
    for option in ("--fail-under", "--fail-under-ci"):
        refused = cli("score", nothing, "--metrics", "dci", option, "dci.typo=0.5")
        assert refused.exit_code == 2
        assert "dci has no part 'typo' that can be gated; it has score, disentanglement" in refused.stderr


def test_arrays_that_are_not_read_are_named(cli: Cli, codes: Callable[..., Path], speaking: None) -> None:
    path = codes(
        group_code=np.zeros((2, 2, 3)), indices=np.arange(300), files=np.array(["a"] * 300), mus=np.ones(3)
    )
    result = cli("score", path, "--metrics", "mig")
    assert result.exit_code == 0
    assert f"{path}: not read: group_code, mus; did you mean group_codes?" in result.stderr
    assert "indices" not in result.stderr


def test_options_that_codes_have_no_use_for(cli: Cli, codes: Callable[..., Path], speaking: None) -> None:
    for options in (["--dataset", "dsprites"], ["--encode", "mean"]):
        result = cli("score", codes(), "--metrics", "mig", *options)
        assert result.exit_code == 0
        assert "holds codes and their labels" in result.stderr
    assert "holds codes" not in cli("score", codes(), "--metrics", "mig").stderr


@pytest.mark.parametrize("name", ["labels", "factor_values", "latents_values"])
def test_labels_under_another_name(
    cli: Cli, write_model: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    data = tmp_path / "d.npz"
    np.savez(data, imgs=np.zeros((6, 8, 8), np.uint8), **{name: np.ones((6, 2))})
    refused = cli("score", write_model(), "--dataset", data)
    assert refused.exit_code == 2
    assert f"class ids are read from an array factors, not from {name}" in refused.stderr
    assert json.loads(cli("data", "check", data, "--format", "json").stdout)["ignored"] == [name]

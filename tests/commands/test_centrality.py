"""``dcr centrality`` from the outside: what goes to stdout and stderr, exit codes, files."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.selection import METHODS

QUICK = ("--groups-per-code", "4", "--group-size", "8", "--set", "scale_images=300", "--device", "cpu")
Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def cache(empty_cache: Path) -> Path:
    return empty_cache


@pytest.fixture
def pool(write_model: Callable[..., Path]) -> list[Path]:
    return [write_model(f"m{seed}.pt", seed=seed) for seed in range(4)]


def one_line_error(result: Any, *parts: str) -> None:
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert "Traceback" not in lines[0]
    for part in parts:
        assert part in lines[0]


def test_json_document(cli: Cli, pool: list[Path]) -> None:
    result = cli("centrality", *pool, *QUICK, "--format", "json", "--seed", 5)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    names = [str(path) for path in pool]
    assert document["schema"] == "dcr.centrality/1"
    assert document["models"] == names
    assert document["seed"] == 5
    assert document["settings"]["groups_per_code"] == 4
    assert document["settings"]["scale_images"] == 300
    assert document["settings"]["inactive"] == "keep"
    assert "torch" in document["versions"]
    assert document["families"] == dict.fromkeys(names, "gan")
    assert document["datasets"] == dict.fromkeys(names, "toy")
    assert document["agreement"] is None
    method = document["methods"]["model-centrality"]
    assert method["complete"] is True
    matrix = np.array(method["matrix"])
    assert matrix.shape == (4, 4)
    assert ((matrix >= 0) & (matrix <= 1)).all()
    ranking = method["ranking"]
    assert [entry["rank"] for entry in ranking] == [1, 2, 3, 4]
    assert sorted(entry["model"] for entry in ranking) == sorted(names)
    assert method["selected"] == ranking[0]["model"]
    assert all(entry["codes"] == 3 for entry in ranking)
    best = names.index(ranking[0]["model"])
    similarity = (matrix + matrix.T)[best] / 2
    assert ranking[0]["score"] == pytest.approx(np.delete(similarity, best).mean())


def test_budget_finds_the_best_without_all_pairs(
    cli: Cli, write_model: Callable[..., Path], tmp_path: Path
) -> None:
    pool = [write_model(f"m{seed}.pt", seed=seed) for seed in range(21)]
    picture = tmp_path / "matrix.png"
    command = ("centrality", *pool, *QUICK, "--format", "json", "--plot", picture)
    result = cli(*command)  # more than 20 models: nobody asked for all pairs
    assert result.exit_code == 0, result.stderr
    method = json.loads(result.stdout)["methods"]["model-centrality"]
    matrix = np.array(method["matrix"], dtype=float)
    evaluations = method["evaluations"]
    assert method["complete"] is False
    assert np.isfinite(matrix).sum() == evaluations["pairs"] < evaluations["of"] == 21**2
    assert np.array_equal(np.isfinite(matrix), np.isfinite(matrix.T))
    assert 0 < evaluations["spent"] < evaluations["of"]
    assert evaluations["part"] == pytest.approx(evaluations["spent"] / 21**2)
    assert f"of {21**2} evaluations" in result.stderr
    assert 0 <= method["confidence"]["reached"] <= 1
    ranking = method["ranking"]
    assert [line["rank"] for line in ranking] == list(range(1, 22))
    assert method["selected"] == ranking[0]["model"]
    assert all(low["score"] < ranking[0]["score"] for low in ranking[1:])
    assert picture.exists()
    assert method["family_balanced"] is None
    # kept, and the same with processes of its own and in another order
    again = json.loads(cli(*command, "--overwrite").stdout)["methods"]["model-centrality"]
    assert again == method
    other = cli("centrality", *pool[::-1], *QUICK, "--format", "json", "--jobs", 2, "--no-cache")
    turned = json.loads(other.stdout)["methods"]["model-centrality"]
    assert {line["model"]: line["score"] for line in turned["ranking"]} == {
        line["model"]: line["score"] for line in ranking
    }
    table = cli("centrality", *pool, *QUICK, "--explain", ranking[0]["model"])
    assert table.exit_code == 0, table.stderr


def test_exact_and_budget_can_be_asked_for(cli: Cli, write_model: Callable[..., Path]) -> None:
    pool = [write_model(f"m{seed}.pt", seed=seed) for seed in range(21)]
    exact = cli("centrality", *pool, *QUICK, "--exact", "--format", "json")
    method = json.loads(exact.stdout)["methods"]["model-centrality"]
    assert method["complete"] is True
    assert method["evaluations"] == {"spent": 441, "of": 441, "part": 1.0}
    few = cli("centrality", *pool[:8], *QUICK, "--budget", "0.5", "--format", "json")
    method = json.loads(few.stdout)["methods"]["model-centrality"]
    assert method["evaluations"]["budget"] == 0.5
    assert method["complete"] is False  # models are not compared with themselves
    one_line_error(cli("centrality", *pool, "--budget", "2"), "budget", "up to 1")
    one_line_error(cli("centrality", *pool, "--budget", "much"), "--budget much")
    one_line_error(cli("centrality", *pool, "--exact", "--budget", "0.1"), "--exact")
    one_line_error(cli("centrality", *pool, *QUICK, "--executor", "slurm"), "--executor slurm", "dask")


def test_table_csv_and_top(cli: Cli, pool: list[Path]) -> None:
    table = cli("centrality", *pool, *QUICK)
    assert table.exit_code == 0
    lines = table.stdout.splitlines()
    assert lines[0].split() == ["model-centrality"]
    assert lines[1].split() == ["rank", "model", "score", "codes"]
    assert len(lines) == 6
    assert "model-centrality selects" in table.stderr
    assert cli("centrality", *pool, *QUICK, "--quiet").stderr == ""

    result = cli("centrality", *pool, *QUICK, "--format", "csv", "--top", 2)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert {row["method"] for row in rows} == {"model-centrality"}
    assert rows[0]["model"] == lines[2].split()[1]


def test_same_seed_same_output(cli: Cli, pool: list[Path]) -> None:
    outputs = {cli("centrality", *pool, *QUICK, "--no-cache", "--format", "json").stdout for _ in range(2)}
    assert len(outputs) == 1


def test_select_copies_the_winner(cli: Cli, pool: list[Path], tmp_path: Path) -> None:
    best = tmp_path / "out" / "best.pt"
    first = cli("centrality", *pool, *QUICK, "--format", "json", "--select", best)
    selected = json.loads(first.stdout)["methods"]["model-centrality"]["selected"]
    assert best.read_bytes() == Path(selected).read_bytes()
    assert str(best) in first.stderr
    # the copy in the pool is counted once, and may be written again
    again = cli("centrality", *pool, best, *QUICK, "--format", "json", "--select", best)
    assert again.exit_code == 0, again.stderr
    document = json.loads(again.stdout)
    assert document["models"] == [str(path) for path in pool]
    assert document["duplicates"] == [{"model": str(best), "same_as": selected}]
    assert f"warning: {best} has the same content as {selected}" in again.stderr


def test_plot(cli: Cli, pool: list[Path], tmp_path: Path) -> None:
    picture = tmp_path / "matrix.png"
    result = cli("centrality", *pool, *QUICK, "--plot", picture)
    assert result.exit_code == 0, result.stderr
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert min(image.size) > 4 * 64
    codes = ("--explain", "m1", "--explain-plot", tmp_path / "codes.pdf")
    result = cli("centrality", *pool, *QUICK, "--plot", tmp_path / "matrix.svg", *codes)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "matrix.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "codes.pdf").read_bytes().startswith(b"%PDF")


def test_all_methods(cli: Cli, pool: list[Path], write_model: Callable[..., Path], tmp_path: Path) -> None:
    pool += [write_model(f"v{s}.pt", seed=s, blocks=vae_latents(), posterior=True) for s in range(2)]
    page = tmp_path / "page.html"
    command = (
        "centrality", *pool, *QUICK, "--method", "all", "--images", "generated", "--set", "images=120",
        "--set", "replicates=50", "--set", "permutations=5", "--set", "activity_pairs=50",
    )  # fmt: skip
    table = cli(*command, "--report", page)
    assert table.exit_code == 0, table.stderr
    known = METHODS.names()
    for text in (*known, "balanced score", "95% interval", "medoid", "activity", "Kendall's tau"):
        assert text in table.stdout
    assert "udr-lasso compared codes on 120 images: generated" in table.stderr
    assert "95% interval of the difference" in table.stderr
    html = page.read_text()
    assert html.count("data:image/webp;base64,") == 4 * 3 + 2 * 4  # a strip for each code of each model
    assert "://" not in html
    for path in pool:
        assert str(path) in html

    document = json.loads(cli(*command, "--format", "json").stdout)
    assert list(document["methods"]) == known
    assert document["agreement"]["methods"] == list(document["methods"])
    assert np.array(document["agreement"]["kendall_tau"]).shape == (len(known), len(known))
    for method in document["methods"].values():
        assert method["confidence"]["replicates"] == 50
        assert set(method["ranking"][0]) >= {"family", "family_balanced", "interval", "medoid_probability"}
        assert set(method["family_balanced"]) == {"selected", "agrees"}
    rows = list(csv.DictReader(io.StringIO(cli(*command, "--format", "csv").stdout)))
    assert len(rows) == 6 * len(known)
    assert {row["method"] for row in rows} == set(document["methods"])
    assert all(float(row["low"]) <= float(row["score"]) <= float(row["high"]) for row in rows)


def test_explain(cli: Cli, pool: list[Path], tmp_path: Path) -> None:
    picture = tmp_path / "codes.png"
    options = ("--explain", "m1", "--explain-plot", picture)
    result = cli("centrality", *pool, *QUICK, *options, "--method", "udr-spearman", "--format", "json")
    assert result.exit_code == 0, result.stderr
    explained = json.loads(result.stdout)["explain"]
    assert explained["model"] == str(pool[1])
    assert {other["model"] for other in explained["others"]} == {str(p) for p in pool} - {str(pool[1])}
    assert all(len(other["pairs"]) == 3 for other in explained["others"])
    with Image.open(picture) as image:
        assert image.format == "PNG"
    table = cli("centrality", *pool, *QUICK, "--explain", pool[1])
    lines = table.stdout.splitlines()
    start = lines.index(f"codes of {pool[1]} in other models")
    assert lines[start + 1].split() == ["model", "agreement", "c1", "c2", "c3"]
    assert len(lines) == start + 2 + 3
    one_line_error(cli("centrality", *pool, *QUICK, "--explain", "m9"), "--explain m9")
    one_line_error(cli("centrality", *pool, *QUICK, "--explain-plot", picture), "--explain")


def test_labels_check(cli: Cli, pool: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import disentangle_cli.selection.labels_check as check

    classes = np.stack(np.meshgrid(range(4), range(5), indexing="ij"), -1).reshape(-1, 2)
    images = np.zeros((20, 8, 8), np.uint8)
    images[np.arange(20), classes[:, 0] + 2, classes[:, 1] + 2] = 255
    labelled = tmp_path / "dots.npz"
    np.savez(labelled, imgs=images, latents_classes=classes)
    monkeypatch.setattr(check, "METRICS", ("factor_vae", "mig"))  # forests take a while
    command = ("centrality", *pool, *QUICK, "--labels-check", labelled)
    result = cli(*command, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    checked = document["labels_check"]
    assert set(checked["scores"]) == set(document["models"])
    for metric in ("factor_vae", "mig"):
        column = {name: scores[metric] for name, scores in checked["scores"].items()}
        worth = checked["methods"]["model-centrality"][metric]
        picked = column[document["methods"]["model-centrality"]["selected"]]
        assert worth["selected"] == picked
        assert worth["best"] == max(column.values())
        assert worth["regret"] == pytest.approx(max(column.values()) - picked)
        assert column[worth["best_model"]] == worth["best"]
    # in processes of their own, the same numbers
    side_by_side = cli(*command, "--format", "json", "--no-cache", "--jobs", 2)
    assert json.loads(side_by_side.stdout)["labels_check"]["scores"] == checked["scores"]
    # kept: scoring again would fail
    monkeypatch.setattr(check, "score_one", None)
    table = cli(*command)
    assert table.exit_code == 0, table.stderr
    assert "regret of the picks on dots" in table.stdout
    np.savez(labelled, imgs=images, latents_classes=classes[:, ::-1])  # corrected: the same images
    assert cli(*command).exit_code == 1
    bare = tmp_path / "bare.npz"
    np.savez(bare, imgs=images)
    one_line_error(cli("centrality", *pool, *QUICK, "--labels-check", bare), "no factor labels")


def test_pools_of_several_data_sets(cli: Cli, pool: list[Path], write_model: Callable[..., Path]) -> None:
    other = write_model("other.pt", seed=9, provenance={"dataset": "pots"})
    one_line_error(cli("centrality", *pool, other, *QUICK), str(other), "pots", "toy", "--force")
    forced = cli("centrality", *pool, other, *QUICK, "--force")
    assert forced.exit_code == 0, forced.stderr
    assert "mixes data sets" in forced.stderr
    unknown = write_model("unknown.pt", seed=8, provenance={"source": "imported"})
    taken = cli("centrality", *pool, unknown, *QUICK)
    assert taken.exit_code == 0, taken.stderr
    assert f"{unknown}: data set unknown" in taken.stderr


def test_a_best_file_of_an_earlier_run_lends_no_name(cli: Cli, pool: list[Path], tmp_path: Path) -> None:
    best = tmp_path / "a-best.pt"
    best.write_bytes(pool[2].read_bytes())
    result = cli("centrality", best, *pool, *QUICK, "--select", best, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert sorted(document["models"]) == [str(path) for path in pool]
    assert document["duplicates"] == [{"model": str(best), "same_as": str(pool[2])}]


def test_help_is_laid_out(cli: Cli) -> None:
    from disentangle_cli.commands.centrality import centrality_cli

    paragraphs = (centrality_cli.__doc__ or "").split("\n\n")
    assert all(len(paragraph.strip().splitlines()) == 1 for paragraph in paragraphs)
    assert cli("centrality", "--help").exit_code == 0


def test_list_from_stdin(cli: Cli, pool: list[Path]) -> None:
    result = cli("centrality", "-", *QUICK, "--format", "json", stdin="\n".join(map(str, pool)) + "\n\n")
    assert json.loads(result.stdout)["models"] == [str(path) for path in pool]


def test_mixed_pool_is_corrected_by_default(
    cli: Cli, pool: list[Path], write_model: Callable[..., Path]
) -> None:
    vaes = [write_model(f"v{seed}.pt", seed=seed, blocks=vae_latents(), posterior=True) for seed in range(2)]
    result = cli("centrality", *pool, *vaes, *QUICK, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["settings"]["inactive"] == "auto"
    method = document["methods"]["model-centrality"]
    assert np.array(method["corrected"], dtype=float).shape == (6, 6)
    assert set(method["activity"]) == set(document["models"])
    assert set(document["families"].values()) == {"gan", "vae"}
    kept = cli("centrality", *pool, *vaes, *QUICK, "--format", "json", "--inactive", "keep")
    assert "corrected" not in json.loads(kept.stdout)["methods"]["model-centrality"]


def vae_latents() -> tuple[Any, ...]:
    from disentangle_cli.latents import Block

    return (Block("codes", "normal", 4, code=True),)


def test_refusals(cli: Cli, pool: list[Path], tmp_path: Path, write_model: Callable[..., Path]) -> None:
    one_line_error(cli("centrality", pool[0]), "at least two distinct")
    other = write_model("large.pt", side=16)
    one_line_error(cli("centrality", pool[0], other), str(pool[0]), str(other), "16x16")
    broken = tmp_path / "broken.pt"
    broken.write_bytes(pool[0].read_bytes()[:500])
    one_line_error(cli("centrality", *pool, broken), str(broken))
    one_line_error(cli("centrality", str(tmp_path / "x" / "*.pt")), "no file matches", "*.pt")
    one_line_error(cli("centrality", "-", stdin=""), "stdin")
    one_line_error(cli("centrality", *pool, "--method", "oracle"), "oracle", "model-centrality", "all")
    one_line_error(cli("centrality", *pool, "--set", "groups=3"), "groups", "groups_per_code")
    one_line_error(cli("centrality", *pool, "--plot", "m.jpg"), "--plot m.jpg", ".png, .svg or .pdf")
    one_line_error(cli("centrality", *pool, "--select", tmp_path), str(tmp_path), "folder")


def test_a_model_of_the_pool_is_never_overwritten(cli: Cli, pool: list[Path]) -> None:
    before = [path.read_bytes() for path in pool]
    for path in pool:
        one_line_error(cli("centrality", *pool, *QUICK, "--select", path), str(path), "overwrite")
    assert [path.read_bytes() for path in pool] == before


def test_unreadable_cache_folder_is_no_obstacle(
    cli: Cli, pool: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("not a folder")
    assert cli("centrality", *pool, *QUICK).exit_code == 0

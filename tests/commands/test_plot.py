"""``dcr plot``."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

import disentangle_cli as dcr
from tests.training.write_runs import write_run

Cli = Callable[..., Result]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    for seed in range(3):
        write_run(tmp_path / "ckpts" / f"vae_seed-{seed}", seed=seed)
    return tmp_path / "ckpts"


def one_line_error(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert all(word in result.stderr for word in words), result.stderr


@pytest.mark.parametrize(
    ("name", "start"),
    [("c.png", b"\x89PNG"), ("c.svg", b"<?xml"), ("c.pdf", b"%PDF"), ("c.html", b"<!doctype html>")],
)
def test_a_pool_is_drawn_by_the_ending(cli: Cli, pool: Path, tmp_path: Path, name: str, start: bytes) -> None:
    out = tmp_path / "new" / name
    result = cli("plot", pool, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{out}\n"
    assert out.read_bytes().startswith(start)


def test_the_document_says_how_far_each_run_is(cli: Cli, pool: Path, tmp_path: Path) -> None:
    with (pool / "vae_seed-1" / "log.csv").open("a") as log:
        log.write("399,2.")  # being written
    write_run(pool / "vae_seed-3", seed=3, values={"loss": []})
    result = cli("plot", pool, "--out", tmp_path / "c.svg", "--columns", "loss", "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.plot/1"
    assert document["columns"] == ["loss"]
    assert document["paths"] == [str(tmp_path / "c.svg")]
    assert [run["seed"] for run in document["runs"]] == [0, 1, 2]
    assert {run["iteration"] for run in document["runs"]} == {300}
    assert document["runs"][1]["last"] == {"loss": 4.0, "score/factor_vae": 0.7}
    assert "vae_seed-3: log.csv has no row yet" in result.stderr


def test_what_cannot_be_drawn_is_refused(cli: Cli, pool: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.png"
    one_line_error(cli("plot", pool, "--out", tmp_path / "c.jpg"), "c.jpg", ".png, .svg, .pdf or .html")
    one_line_error(cli("plot", tmp_path / "no", "--out", out), str(tmp_path / "no"))
    one_line_error(cli("plot", pool, "--out", out, "--columns", "los"), "--columns los", "did you mean loss")
    one_line_error(cli("plot", pool, "--out", out, "--smooth", "0"), "smooth")
    one_line_error(cli("plot", "-", "--out", out, stdin=""), "stdin")
    (pool / "vae_seed-0" / "log.csv").write_text("iteration,loss\n1,x\n")
    one_line_error(cli("plot", pool, "--out", out), "vae_seed-0/log.csv", "row 2")
    assert not out.exists()
    (pool / "vae_seed-0" / "log.csv").write_text("iteration\n")
    one_line_error(cli("plot", pool / "vae_seed-0", "--out", out), "no log.csv has a row yet")


def test_no_log_is_replaced(cli: Cli, pool: Path) -> None:
    log = pool / "vae_seed-0" / "log.csv"
    before = log.read_bytes()
    target = pool / "curves.svg"
    os.link(log, target)
    for more in ((), ("--overwrite",)):
        one_line_error(cli("plot", pool, "--out", target, *more), str(target))
        assert log.read_bytes() == before


def test_a_file_that_is_there_stays_unless_told(cli: Cli, pool: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.svg"
    out.write_text("mine")
    one_line_error(cli("plot", pool, "--out", out), "--overwrite")
    assert out.read_text() == "mine"
    assert cli("plot", pool, "--out", out, "--overwrite").exit_code == 0
    assert out.read_text().startswith("<?xml")


def test_python_gives_the_same(pool: Path, tmp_path: Path) -> None:
    drawn = dcr.plot([pool], columns=["score/*"], spread="std", smooth=2)
    assert drawn.columns == ["score/factor_vae"]
    assert len(drawn.runs) == 3
    assert drawn.save(tmp_path / "c.pdf").exists()
    assert drawn._repr_png_().startswith(b"\x89PNG")
    assert repr(drawn) == "Plot(3 runs: score/factor_vae)"

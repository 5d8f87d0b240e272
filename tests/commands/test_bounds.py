"""Values of options that nobody has the time or the memory for, and names that nothing has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from tests.conftest import VAE_LATENTS

Cli = Callable[..., Result]
WriteModel = Callable[..., Path]


@pytest.fixture
def pool(write_model: WriteModel) -> list[Path]:
    return [
        write_model("a.pt"),
        write_model("b.pt", seed=1),
        write_model("v.pt", blocks=VAE_LATENTS, posterior=True),
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.savez(
        tmp_path / "data.npz", imgs=images, factors=np.stack([np.arange(20) % 2, np.arange(20) % 5], axis=1)
    )
    return tmp_path / "data.npz"


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr


HUGE = [
    ("train", "--iterations", "9999999999", "11 days"),
    ("train", "--sweep", "beta=" + ",".join(map(str, range(10_001))), "training of its own"),
    ("train", "--seeds", "0-9999,10000", "training of its own"),
    ("train", "--jobs", "9999", "300 MB"),
    ("train", "--seed", "4294967296", "32 bits"),
    ("train", "--set", "batch_size=99999999", "16 GB"),
    ("train", "--set", "latents.codes.dim=99999", "traversal"),
    ("train", "--set", "data.size=4096", "800 MB"),
    ("generate", "--num", "9999999999", "410 GB"),
    ("traverse", "--steps", "100000", "beside"),
    ("traverse", "--upscale", "1000", "square"),
    ("score", "--repeats", "99999999", "draws and scores anew"),
    ("score", "--bootstrap", "99999999", "scores anew"),
    ("score", "--set", "data.groups=9999999999", "410 GB"),
    ("score", "--set", "dci.trees=99999999", "grow"),
    ("centrality", "--groups-per-code", "99999999", "every pair"),
    ("centrality", "--group-size", "99999999", "every pair"),
    ("centrality", "--scale-images", "9999999999", "410 GB"),
    ("centrality", "--set", "replicates=99999999", "anew"),
]


@pytest.mark.parametrize(("command", "option", "value", "reason"), HUGE)
def test_too_much_is_refused_with_a_reason(
    cli: Cli, pool: list[Path], data: Path, tmp_path: Path, command: str, option: str, value: str, reason: str
) -> None:
    out = tmp_path / "out"
    rest: dict[str, list[Any]] = {
        "train": ["--model", "vae", "--dataset", data, "--dry-run", "--out", out],
        "generate": [pool[0], "--out", out / "x.npz"],
        "traverse": [pool[0], "--out", out / "x.png"],
        "score": [pool[0], "--dataset", data, "--metrics", "dci"],
        "centrality": [*pool[:2]],
    }
    refused(cli(command, *rest[command], option, value), "at most", reason)
    assert not out.exists()


@pytest.mark.parametrize("value", ["1_0", "0x10", "1e1", "ten", "-1", "0", "\u0661"])
def test_counts_are_plain_whole_numbers(cli: Cli, pool: list[Path], tmp_path: Path, value: str) -> None:
    refused(
        cli("generate", pool[0], "--num", value, "--out", tmp_path / "x.npz"),
        "--num",
        "no whole number from 1",
    )


@pytest.mark.parametrize("value", ["nan", "inf", "0.0_1", "x"])
def test_half_widths_are_plain_numbers(cli: Cli, pool: list[Path], value: str) -> None:
    refused(cli("score", pool[0], "--half-width", value), "--half-width", "no finite number")


def test_counts_that_take_more_than_the_memory(cli: Cli, pool: list[Path], data: Path) -> None:
    sets = ["--set", "data.groups=90000000", "--set", "data.group_size=90000000"]
    result = cli("score", pool[0], "--dataset", data, *sets)  # the model has been read, what is scored told
    assert result.exit_code == 2
    assert result.stdout == ""
    error = result.stderr.splitlines()[-1]
    assert error.startswith("error: ")
    assert "TB of memory" in error
    assert "data.groups" in error


def test_unknown_names_are_refused_where_they_are_not_used(
    cli: Cli, pool: list[Path], data: Path, tmp_path: Path
) -> None:
    train = ["train", "--model", "vae", "--out", tmp_path / "out"]
    for extra in (["--dry-run"], ["--print-config"]):
        refused(cli(*train, *extra, "--dataset", "nowhere"), "no data set 'nowhere'")
        refused(cli(*train, *extra, "--dataset", data, "--executor", "slurm"), "--executor slurm")
    codes = tmp_path / "codes.npz"
    np.savez(
        codes, codes=np.random.default_rng(0).normal(size=(20, 2)), factors=np.arange(40).reshape(20, 2) % 4
    )
    refused(cli("score", codes, "--metrics", "mig", "--dataset", "nowhere"), "no data set 'nowhere'")
    refused(cli("score", codes, "--metrics", "mig", "--executor", "slurm"), "--executor slurm")
    small = ["--groups-per-code", 2, "--group-size", 4, "--scale-images", 20]
    assert cli("centrality", *pool[:2], *small).exit_code == 0  # which keeps the evaluations
    refused(cli("centrality", *pool[:2], *small, "--images", "nowhere"), "no data set 'nowhere'")
    refused(cli("centrality", *pool[:2], *small, "--executor", "slurm"), "--executor slurm")
    assert not (tmp_path / "out").exists()

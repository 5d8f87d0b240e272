"""What is told before and after a training."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from disentangle_cli.datasets import open_dataset
from disentangle_cli.training import Run, configure
from disentangle_cli.training.announce import expected_seconds
from tests.training.conftest import Command, same_weights

Cli = Callable[..., Result]


def test_a_run_begins_and_ends_with_a_block(cli: Cli, command: Command, tmp_path: Path) -> None:
    done = cli(*command("--set", "log.score_every=12")[3:])
    assert done.exit_code == 0, done.stderr
    lines = done.stderr.splitlines()
    assert [line.split()[0] for line in lines[:7]] == [
        "model", "data", "preset", "length", "on", "expected", "to",
    ]  # fmt: skip
    assert "squares: 64 images of 64x64, grey, 2 factors" in lines[1]
    assert "12 iterations, batches of 4" in lines[3]
    assert re.search(r"cpu, fp32, \d+ thread", lines[4])
    assert re.search(r"about \d", lines[5])
    assert lines[-4].startswith("done in ")
    assert re.search(r"FactorVAE \d\.\d{3}", lines[-3])
    assert f"dcr traverse {tmp_path}/out/" in lines[-1]
    assert done.stdout.count("\n") == 1


def test_a_pool_ends_with_a_table(cli: Cli, command: Command) -> None:
    done = cli(*command("--seeds", "0-3", "--jobs", "1")[3:])
    assert done.exit_code == 0, done.stderr
    assert "4 runs, 1 at a time" in done.stderr
    assert done.stderr.count("infogan-cr_squares_seed-") >= 8  # when each ended, and in the table
    assert "*.pt --select best.pt" in done.stderr.splitlines()[-1]
    assert "expected" in done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_quiet_tells_nothing_and_trains_the_same(cli: Cli, command: Command, tmp_path: Path) -> None:
    told = cli(*command("--name", "told")[3:])
    quiet = cli(*command("--name", "quiet", "--quiet")[3:])
    assert (told.exit_code, quiet.exit_code) == (0, 0)
    assert quiet.stderr == ""
    assert same_weights(tmp_path / "out" / "told.pt", tmp_path / "out" / "quiet.pt")


@pytest.mark.parametrize("model", ["infogan-cr", "factor-vae"])
def test_the_expected_time_grows_with_the_length(model: str, squares: Path) -> None:
    dataset = open_dataset(str(squares))
    configs = [configure(model, "demo", n, ["batch_size=4"]) for n in (100, 10_000)]
    kinds = [
        config.model_copy(update={"architecture": "infogan-64"}) if "gan" in model else config
        for config in configs
    ]
    short, long = (expected_seconds(Run(model, config, str(squares)), dataset, 1) for config in kinds)
    assert 0 < short < long


def test_a_dry_run_tells_how_long_it_would_take(cli: Cli, command: Command) -> None:
    done = cli(*command("--dry-run", "--seeds", "0-1", "--jobs", "2")[3:])
    assert done.exit_code == 0, done.stderr
    assert "2 runs, 2 at a time" in done.stderr
    assert re.search(r"expected  about \d+\w+ a run, \d+\w+ in all", done.stderr)
    assert done.stderr.count("would train") == 2

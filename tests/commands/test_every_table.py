"""The table of every command at every width: nothing is broken in the middle of itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from typer.testing import Result

from disentangle_cli.command_line import printing
from disentangle_cli.command_line.tables import Column, Laid, lay_out
from tests.command_line.test_tables import check
from tests.conftest import WriteModel

WIDTHS = sorted({*range(40, 201, 11), 80, 100, 160})
NEEDS_NO_FILE = [
    ("data", "list"),
    ("metrics",),
    ("metrics", "dci", "factor_vae"),
    ("presets",),
    ("presets", "infogan-cr"),
    ("settings", "centrality"),
    ("settings", "score"),
    ("settings", "train", "--model", "infogan-cr"),
]

Printed = list[tuple[Sequence[Column], Sequence[str]]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Printed:
    """The tables that are printed: their columns, and which of these are optional."""
    found: Printed = []

    def keep(columns: Sequence[Column], width: int | None, optional: Sequence[str] = ()) -> Laid:
        found.append((columns, optional))
        return lay_out(columns, width, optional)

    monkeypatch.setattr(printing, "lay_out", keep)
    return found


def check_all(printed: Printed, result: Result) -> None:
    assert result.exit_code == 0, result.stderr
    assert printed
    for columns, optional in printed:
        assert columns[0].cells
        for width in WIDTHS:
            check(list(columns), lay_out(columns, width, optional), width)


@pytest.mark.parametrize("command", NEEDS_NO_FILE, ids=" ".join)
def test_tables_of_what_there_is(
    command: Sequence[str], cli: Callable[..., Result], printed: Printed
) -> None:
    check_all(printed, cli(*command))


@pytest.fixture
def pool(write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Seven models with names as long as those of ``dcr train``, whose parameters need six digits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DCR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "ckpts").mkdir()
    return [
        str(write_model(f"ckpts/infogan-cr_dsprites_seed-{i}.pt", seed=i).relative_to(tmp_path))
        for i in range(7)
    ]


def test_table_of_info(pool: list[str], cli: Callable[..., Result], printed: Printed) -> None:
    check_all(printed, cli("info", *pool[:2]))


@pytest.mark.parametrize("more", [(), ("--inactive", "auto")], ids=" ".join)
def test_tables_of_centrality(
    more: Sequence[str], pool: list[str], cli: Callable[..., Result], printed: Printed
) -> None:
    few = [
        "--groups-per-code",
        "4",
        "--group-size",
        "4",
        "--scale-images",
        "64",
        "--set",
        "activity_pairs=20",
    ]
    methods = ["--method", "model-centrality,udr-spearman", "--images", "generated", "--set", "images=20"]
    check_all(printed, cli("centrality", *pool, "--explain", pool[0], *few, *methods, *more))
    assert len(printed) == 4


@pytest.fixture
def codes(tmp_path: Path) -> list[str]:
    """Two files of codes with labels."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (400, 3))
    paths = []
    for name in ("first-model-of-mine.npz", "second-model-of-mine.npz"):
        values: dict[str, Any] = {"codes": factors + rng.normal(size=(400, 3)), "factors": factors}
        np.savez(tmp_path / name, **values)
        paths.append(str(tmp_path / name))
    return paths


@pytest.mark.parametrize("models", [1, 2])
def test_tables_of_score(models: int, codes: list[str], cli: Callable[..., Result], printed: Printed) -> None:
    metrics = "mig,sap,modularity,irs,explicitness"
    check_all(printed, cli("score", *codes[:models], "--metrics", metrics, "--bootstrap", "2"))


def test_numbers_of_info_are_whole_at_100_columns(
    pool: list[str], cli: Callable[..., Result], printed: Printed
) -> None:
    cli("info", *pool[:2])
    ((columns, optional),) = printed
    laid = lay_out(columns, 100, optional)
    assert not laid.head  # one block for each model
    assert sum(line.startswith("path") for line in laid.body) == 2
    assert all(cell_len(line) <= 100 for line in laid.body)


def test_tables_of_compare(
    codes: list[str], cli: Callable[..., Result], printed: Printed, tmp_path: Path
) -> None:
    paths = []
    for seed in (0, 1):
        done = cli("score", codes[0], "--metrics", "mig,sap", "--seed", seed, "--format", "json")
        paths.append(tmp_path / f"scores-of-my-model-with-seed-{seed}.json")
        paths[-1].write_text(done.stdout)
    check_all(printed, cli("compare", *paths))

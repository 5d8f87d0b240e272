"""Many rows of few images are warned about."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from disentangle_cli.data.repeats import warn_of_repeats
from disentangle_cli.datasets import open_dataset
from tests.conftest import WriteModel

Cli = Callable[..., Result]


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """40 labelled images."""
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "few.npz",
        imgs=rng.integers(0, 256, (40, 8, 8), np.uint8),
        factors=np.arange(40)[:, None] % 4,
    )
    return tmp_path / "few.npz"


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize(("rows", "warned"), [(40, False), (399, False), (400, True), (10_000, True)])
def test_from_ten_times_on(few: Path, rows: int, warned: bool, capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_repeats(open_dataset(str(few)), rows, "data.rows")
    told = capsys.readouterr().err
    assert (f"few: {rows:,} rows are drawn from 40 images" in told) == warned
    assert ("(--set data.rows=N draws fewer)" in told) == warned


def test_score_warns_once(cli: Cli, few: Path, write_model: WriteModel) -> None:
    arguments = ["score", write_model(), "--dataset", few, "--metrics", "mig,sap", "--repeats", "2"]
    done = cli(*arguments)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("few: 10,000 rows are drawn from 40 images, each of them some 250 times") == 1
    assert "rows are drawn" not in cli(*arguments, "--set", "data.rows=300").stderr

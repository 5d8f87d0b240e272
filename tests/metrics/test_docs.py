"""docs/metrics.md names every metric, setting, sample count and array."""

from pathlib import Path

import pytest

from disentangle_cli.measurement.arrays import NAMES
from disentangle_cli.measurement.settings import settings_of
from disentangle_cli.measurement.table import table
from disentangle_cli.metrics import METRICS
from disentangle_cli.scoring.plan import SETTABLE

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("name", METRICS.names())
def test_metric_and_its_settings(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    for key, setting in settings_of(METRICS.get(name)).items():
        assert f"`{name}.{key}`" in PAGE or f"`*.{key}`" in PAGE
        for choice in setting.choices:
            assert f"`{choice}`" in PAGE


def test_sample_counts_and_arrays() -> None:
    assert all(f"`data.{key}`" in PAGE for key in SETTABLE)
    assert all(f"`{name}`" in PAGE for name in NAMES)


def test_table_is_that_of_the_registry() -> None:
    inside = PAGE.split("disentangle_cli.measurement.table -->\n")[1].split("<!-- table ends -->")[0]
    assert inside.strip() == table()

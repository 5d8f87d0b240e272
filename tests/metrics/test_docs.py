"""docs/metrics.md names every metric, setting, sample count and array."""

from collections.abc import Callable
from pathlib import Path

import pytest

from disentangle_cli.fields import choices_of
from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.settings import settings_of
from disentangle_cli.measurement.table import arrays_table, invariances_table, metrics_table
from disentangle_cli.metrics import METRICS
from disentangle_cli.scoring.plan import Counts

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("name", METRICS.names())
def test_metric_and_its_settings(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    for key, setting in settings_of(METRICS.get(name)).model_fields.items():
        assert f"`{name}.{key}`" in PAGE or f"`*.{key}`" in PAGE
        for choice in choices_of(setting):
            assert f"`{choice}`" in PAGE


def test_sample_counts_and_arrays() -> None:
    assert all(f"`data.{key}`" in PAGE for key in Counts.model_fields)
    assert all(f"`{name}`" in PAGE for name in ARRAYS)


@pytest.mark.parametrize("table", [metrics_table, invariances_table, arrays_table])
def test_tables_are_those_of_the_code(table: Callable[[], str]) -> None:
    assert f"\n{table()}\n<!-- table ends -->" in PAGE

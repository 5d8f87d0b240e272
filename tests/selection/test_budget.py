import pytest

from disentangle_cli.selection.budget import budget_of


@pytest.mark.parametrize(("n", "each"), [(100, 10), (1_000, 20), (10_000, 40)])
def test_larger_pools_get_more_evaluations_for_each_model(n: int, each: float) -> None:
    assert budget_of(n, "auto") * n == pytest.approx(each, rel=0.01)
    assert budget_of(n, 0.3) == 0.3


def test_no_pool_gets_more_than_all() -> None:
    assert budget_of(3, "auto") == 1

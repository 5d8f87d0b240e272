"""``factor_sizes`` alone: the images are all combinations, the last factor fastest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError


def opened(folder: Path, count: int = 24, **arrays: Any) -> Dataset:
    imgs = np.random.default_rng(0).integers(0, 256, (count, 4, 4), np.uint8)
    np.savez(folder / "grid.npz", imgs=imgs, **arrays)
    return open_dataset(str(folder / "grid.npz"))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_any_sizes(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("grid")
    count = int(np.prod(sizes))
    rows = np.arange(count)
    dataset = opened(folder, count, factor_sizes=sizes)
    labelled = opened(folder, count, factors=np.stack(np.unravel_index(rows, sizes), axis=1))
    assert [factor.size for factor in dataset.factors] == sizes
    assert dataset.factors == labelled.factors
    assert np.array_equal(dataset.classes(rows), labelled.classes(rows))
    assert np.array_equal(dataset.values(rows), labelled.values(rows))
    assert dataset.label_digest == labelled.label_digest
    wanted = np.random.default_rng(1).integers(0, sizes[0], 9)
    draws = [data.draw_fixed(np.random.default_rng(2), 0, wanted) for data in (dataset, labelled)]
    assert np.array_equal(*draws)


def test_names_values_and_kinds_are_read(tmp_path: Path) -> None:
    values = np.stack(np.unravel_index(np.arange(24), (2, 3, 4)), axis=1) * [1, 1, 0.5]
    dataset = opened(
        tmp_path, factor_sizes=[2, 3, 4], factor_names=["a", "b", "c"], factor_values=values,
        is_continuous=[True, False, True],
    )  # fmt: skip
    assert [factor.name for factor in dataset.factors] == ["a", "b", "c"]
    assert [factor.continuous for factor in dataset.factors] == [True, False, True]
    assert dataset.factors[2].values == (0, 0.5, 1, 1.5)
    assert np.array_equal(dataset.values(np.arange(24)), values)
    assert dataset.ignored == ()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"factor_sizes": [2, 3, 5]}, r"2 x 3 x 5 make 30 combinations and there are 24 images"),
        ({"factor_sizes": [2, 12.5]}, "must be whole numbers"),
        ({"factor_sizes": [-2, -12]}, "must be whole numbers"),
        ({"factor_sizes": [2**62, 2**62]}, "must be whole numbers"),
        ({"factor_sizes": [np.nan]}, "must be whole numbers"),
        ({"factor_sizes": 24}, r"must be \(F,\)"),
        ({"factor_sizes": [[2, 12]]}, r"must be \(F,\)"),
        ({"factor_sizes": ["24"]}, "must hold numbers"),
        ({"factor_sizes": [2, 12], "factor_names": ["a"]}, "one a factor"),
        ({"factor_sizes": [2, 12], "factor_values": np.zeros((24, 3))}, r"must be \(24, 2\)"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path: Path, arrays: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=rf"grid\.npz: .*{reason}"):
        opened(tmp_path, **arrays)

"""Binned codes and plug-in information against numpy and scikit-learn."""

import numpy as np
import pytest

from disentangle_cli.measurement.derived.mutual_information import discretise, pair_information


def test_discretise_like_a_histogram() -> None:
    codes = np.random.default_rng(3).normal(size=(1000, 2))
    for column, bins in zip(codes.T, discretise(codes, 20).T, strict=True):
        assert np.array_equal(np.bincount(bins, minlength=20), np.histogram(column, 20)[0])
    assert set(discretise(np.full((5, 1), 0.7), 20).ravel()) <= set(range(20))


def test_information_like_sklearn() -> None:
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(4)
    a = rng.integers(0, 20, 3000)
    b = (a // 3 + rng.integers(0, 3, 3000)) % 7
    assert pair_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)

"""Resampled arrays."""

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.metrics import Arrays
from disentangle_cli.scoring.bootstrap import resampled
from tests.scoring.bars import SMALL, Bars, Reader


def test_bootstrap_leaves_the_score_alone_and_halves_apart() -> None:
    plain = dcr.score(Reader(1.0), Bars(), metrics="mig", settings=SMALL)["metrics"]["mig"]["score"]
    more = dcr.score(Reader(1.0), Bars(), metrics="mig", settings=SMALL, bootstrap=3)["metrics"]["mig"]
    assert more["score"] == plain
    codes = np.arange(30.0)[:, None]
    data = Arrays(
        codes=codes,
        factors=np.zeros((30, 1), np.int64),
        group_codes=np.ones((4, 2, 1)),
        group_labels=np.array([0, 1, 1, 0]),
        train_rows=np.arange(20),
        test_rows=np.arange(20, 30),
    )
    drawn = resampled(data, np.random.default_rng(0), 0)
    assert drawn.codes is not None
    assert drawn.codes[drawn.train_rows].max() < 20 <= drawn.codes[drawn.test_rows].min()
    assert len(drawn.codes) == 30
    assert np.array_equal(drawn.group_labels, data.group_labels)


def test_spread_of_resamples_is_that_of_the_mean() -> None:
    """The bootstrap of a mean gives its standard error."""
    errors = np.random.default_rng(0).exponential(size=400)
    data = Arrays(squared_errors=errors)
    found = dcr.score(data, metrics="reconstruction_error", bootstrap=200)["metrics"]["reconstruction_error"]
    assert found["std"] == pytest.approx(errors.std() / 20, rel=0.2)
    assert found["interval"][1] - found["score"] == pytest.approx(1.96 * found["std"], rel=1e-3)


def test_arrays_of_one_family_are_resampled_together() -> None:
    """Every array holds the numbers of its samples, so that what was drawn can be read off."""
    sizes = {"K": 1, "L": 30, "B": 1, "C": 1, "D": 1, "F": 1, "N": 40}
    data = {}
    for name, array in ARRAYS.items():
        shape = tuple(sizes.get(axis, 30 + 5 * (axis == "g")) for axis in array.axes)
        if array.kind == "label":
            data[name] = np.arange(shape[0]) % 3
        elif array.kind == "count":
            data[name] = np.arange(shape[0]) + 1
        elif array.kind != "row":
            data[name] = np.broadcast_to(np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)), shape)
    drawn = resampled(Arrays(**data), np.random.default_rng(1), 0)
    for name, array in ARRAYS.items():
        first = ARRAYS[array.beside].axes[0] if array.beside else ""
        found = drawn.get(name).reshape(len(drawn.get(name)), -1)[:, 0]
        beside = drawn.get(array.beside).reshape(len(found), -1)[:, 0] if first == array.axes[0] else None
        if array.kind == "label":
            assert np.array_equal(found, data[name])  # as many of each factor as before
            assert beside is not None
            assert np.array_equal(beside % 3, found)
        elif array.kind == "count":
            assert beside is not None
            assert np.array_equal(beside + 1, found)
        elif array.kind in ("real", "class") and array.axes != "F":
            assert set(found) < set(range(len(data[name]))), name
            if beside is not None:
                assert np.array_equal(found, beside), name

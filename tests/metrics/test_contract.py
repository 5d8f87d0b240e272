"""What every registered metric keeps on degenerate input; a new one is tested by being there.

The arrays come from the table, so that those of a new family are there, too.
"""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from disentangle_cli.measurement.arrays import ARRAYS, arrays_of, families_of
from disentangle_cli.measurement.families import Array
from disentangle_cli.metrics import METRICS, PROTOCOLS, Arrays, evaluate
from tests.metrics.checks import check, reads

CHEAP = {"dci": {"trees": 2}, "z_min_variance": {"votes": 40, "size": 5}, "kid": {"subsets": 3}}
SIZES = {"N": 160, "K": 3, "F": 2, "R": 40, "M": 12, "L": 6, "P": 12, "B": 5}
SAMPLES = {array.axes[0] for array in ARRAYS.values() if array.axes[0] != "F"}
INSIDE = ("L", "B")
"""Axes of the images in one sample."""

Change = Callable[[Array, np.ndarray], np.ndarray]


def value_of(array: Array, rng: np.random.Generator, sizes: dict[str, int]) -> np.ndarray:
    """Random numbers of the right kind and shape; row numbers are left to the default halves."""
    shape = tuple(sizes.get(axis, 30 if axis in SAMPLES else 4) for axis in array.axes)
    if array.kind == "real":
        values = rng.normal(size=shape) if "K" in array.axes else rng.random(shape)
        return values / values.sum(axis=1, keepdims=True) if "C" in array.axes else values
    if array.kind == "label":
        return np.arange(shape[0]) % sizes["F"]
    if array.kind == "count":
        return np.full(shape, sizes["L"])
    return np.zeros(shape, bool) if array.kind == "truth" else rng.integers(0, 4, shape)


def made(change: Change | None = None, **sizes: int) -> Arrays:
    """All arrays of the table, each changed by ``change``."""
    rng = np.random.default_rng(0)
    found = {}
    for name, array in ARRAYS.items():
        if array.kind != "row":
            value = value_of(array, rng, SIZES | sizes)
            found[name] = change(array, value) if change else value
    return Arrays(**found)


def codes(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda array, value: change(value) if "K" in array.axes else value


def reals(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda array, value: change(value) if array.kind == "real" else value


def with_entry(entry: float) -> Change:
    def put(value: np.ndarray) -> np.ndarray:
        value.reshape(-1)[-1] = entry
        return value

    return reals(put)


def first_constant(value: np.ndarray) -> np.ndarray:
    value[..., 0] = 0.3
    return value


def one_value(array: Array, value: np.ndarray) -> np.ndarray:
    return value if array.kind in ("real", "count") else np.zeros_like(value)


def rare_classes(array: Array, value: np.ndarray) -> np.ndarray:
    return 100 * value if array.kind == "class" else value


NULL: dict[str, Callable[[], Arrays]] = {
    "nothing": Arrays,
    "NaN": lambda: made(with_entry(np.nan)),
    "infinite": lambda: made(with_entry(-np.inf)),
    "beyond all bounds": lambda: made(reals(lambda value: value * 1e200)),
}
"""Where no metric has a value."""
CASES: dict[str, Callable[[], Arrays]] = {
    **NULL,
    "ordinary": made,
    "constant codes": lambda: made(codes(lambda value: np.full_like(value, 0.7))),
    "one constant code": lambda: made(codes(first_constant)),
    "all reals constant": lambda: made(reals(lambda value: np.full_like(value, 0.25))),
    "all reals zero": lambda: made(reals(np.zeros_like)),
    "equal codes": lambda: made(codes(lambda value: np.repeat(value[..., :1], value.shape[-1], axis=-1))),
    "one code": lambda: made(K=1),
    "many codes": lambda: made(K=30, N=12),
    "one factor": lambda: made(F=1),
    "one value of each factor": lambda: made(one_value),
    "class ids with gaps": lambda: made(rare_classes),
    "tiny": lambda: made(reals(lambda value: value * 1e-200)),
    "single precision": lambda: made(reals(lambda value: value.astype(np.float32))),
    "whole numbers": lambda: made(codes(lambda value: np.round(value * 3).astype(np.int8))),
    **{f"{n} of everything": lambda n=n: made(**dict.fromkeys([*SAMPLES, *INSIDE], n)) for n in (1, 2, 3, 7)},
}


@functools.cache
def case(name: str) -> Arrays:
    return CASES[name]()


def results(name: str, arrays: Arrays) -> Iterator[tuple[str, dict[str, Any]]]:
    for protocol in PROTOCOLS:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no warning of numpy or scikit-learn gets out
            yield protocol, evaluate([name], arrays, protocol=protocol, settings=CHEAP)[name]


@pytest.mark.parametrize("which", CASES)
@pytest.mark.parametrize("name", METRICS.names())
def test_number_or_reason(name: str, which: str) -> None:
    for protocol, result in results(name, case(which)):
        check(name, result)
        if which in NULL:
            assert result["score"] is None, protocol
        if which == "ordinary":
            assert result["score"] is not None, (protocol, result["reason"])
            assert result["samples"], "the number of samples it read"


@pytest.mark.parametrize("name", METRICS.names())
def test_a_family_that_is_absent(name: str) -> None:
    for family in families_of(reads(name)):
        absent = {array.name: None for array in arrays_of(family)}
        for protocol, result in results(name, dataclasses.replace(made(), **absent)):
            check(name, result)
            needed = [key for key, must in METRICS.get(name).inputs_under(protocol).items() if must]
            assert result["score"] is None or not absent.keys() & set(needed)


@pytest.mark.parametrize("name", METRICS.names())
def test_arrays_are_left_as_they_are_and_numbers_are_the_same_again(name: str) -> None:
    arrays, untouched = made(), made()
    assert list(results(name, arrays)) == list(results(name, arrays))
    for array in reads(name):
        np.testing.assert_array_equal(arrays.get(array), untouched.get(array))

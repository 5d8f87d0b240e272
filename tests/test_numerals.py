"""Which texts are numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.numerals import read_number, read_numbers


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**80), 2**80))
def test_what_python_writes_is_read_back(number: float) -> None:
    assert read_number(repr(number)) == number


@given(st.text(max_size=12) | st.text("0123456789+-._eExo:, ", max_size=8))
def test_nothing_else_than_plain_decimals_is_a_number(text: str) -> None:
    found = read_number(text)
    if found is not None:
        assert set(text) <= set("0123456789+-.eE")
        assert math.isclose(found, float(text), abs_tol=0) or found == float(text)


@pytest.mark.parametrize(
    "text", ["", "1_0", "1:30", "0x1", "0o7", "nan", "inf", ".", "1e", "1,5", " 1", "\u0661", "+-1", "1.2.3"]
)
def test_texts_that_look_like_numbers(text: str) -> None:
    assert read_number(text) is None


def test_large_ones_are_exact_or_infinite() -> None:
    assert read_number("9007199254740993") == 2**53 + 1
    assert read_number("9" * 5_000) == math.inf
    assert read_number("007") == 7


def test_lists_of_numbers_are_finite() -> None:
    assert read_numbers("0:-1e0", ":") == [0.0, -1.0]
    assert read_numbers("0:1e999", ":") is None
    assert read_numbers("0:", ":") is None

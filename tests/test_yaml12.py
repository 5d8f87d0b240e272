"""YAML by the rules of version 1.2."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.yaml12 import DuplicateKeyError, parse_yaml, to_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8) | st.text(
    "0123456789_.:-+eExoyYnN~<=truefals", max_size=6
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_reads_back_as_the_same(settings: dict[str, object]) -> None:
    assert parse_yaml(to_yaml(settings)) == settings


@given(TEXTS)
def test_texts_are_quoted_for_readers_of_version_1_1_too(text: str) -> None:
    assert yaml.safe_load(to_yaml({"a": text})) == {"a": text}


def test_special_numbers() -> None:
    assert parse_yaml("[.inf, -.INF, +.5, 1., !!int 010]") == [math.inf, -math.inf, 0.5, 1.0, 10]
    assert math.isnan(parse_yaml(".nan"))
    with pytest.raises(ValueError, match="no number"):
        parse_yaml("!!float 1_0")


def test_booleans_are_true_and_false_only() -> None:
    assert parse_yaml("[true, False, yes, no, on, off, y, n]") == [
        True,
        False,
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    ]


def test_anchors_merge_and_explicit_keys_win() -> None:
    assert parse_yaml("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}") == {
        "a": {"b": 1, "c": 2},
        "d": {"b": 1, "c": 3},
    }


@pytest.mark.parametrize("text", ["a: 1\na: 2", "b:\n  a: 1\n  'a': 2", "[{a: 1, a: 1}]"])
def test_a_key_twice_is_refused(text: str) -> None:
    with pytest.raises(DuplicateKeyError, match="'a' is given twice in the mapping that begins in line"):
        parse_yaml(text)

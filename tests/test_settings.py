"""The grammar of settings: texts, dotted keys, nearest names, and lists."""

from typing import Literal

import pytest
from pydantic import Field

from disentangle_cli.errors import UsageError
from disentangle_cli.fields import Setting, list_settings, names
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.nested import merge, nest
from disentangle_cli.settings import Strict, assignments, check_once, read_assignment, validate


class Tail(Strict):
    """A group."""

    length: int = Field(default=30, ge=1)
    """In cm."""
    kind: Literal["straight", "curly"] = "straight"


class Cat(Strict):
    """A model of settings."""

    name: str
    """What it is called."""
    tail: Tail = Tail()
    """The tail."""
    share: float | None = Field(default=None, gt=0, lt=1)
    fluffy: bool = True
    weights: tuple[float, ...] = ()


def test_merging_changes_neither() -> None:
    assert merge({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=010", 10),
        ("a=-1e-3", -1e-3),
        ("a=1e400", float("inf")),
        ("a=true", True),
        ("a=", None),
        ("a=[1, 2e3]", [1, 2e3]),
        *(
            (f"a={text}", text)
            for text in ("yes", "1:30", "1_000", "0x10", "0o17", "2024-01-02", "x=y", "1e")
        ),
    ],
)
def test_values_are_read_as_yaml_1_2(text: str, value: object) -> None:
    assert read_assignment(text) == ("a", value)
    assert type(read_assignment(text)[1]) is type(value)


def test_an_assignment_has_a_name_and_a_value() -> None:
    for text in ("a", "=1"):
        with pytest.raises(UsageError, match=r"--set .*KEY=VALUE"):
            assignments([text], "write KEY=VALUE")


@pytest.mark.parametrize(
    "given",
    [
        ["a=1", "a=2"],
        ["a.b=1", "a={b: 2}"],
        ["a=null", "a.b=1"],
        ["a.b=1", "a=null"],
        ["a={b: 1, b: 2}"],
        {"a.b": 1, "a": {"b": 2}},
    ],
)
def test_a_key_is_given_once(given: object) -> None:
    with pytest.raises(UsageError, match="given twice"):
        assignments(given, "")  # type: ignore[arg-type]


def test_different_keys_stand_beside_each_other() -> None:
    check_once(["a.b", "a.c", "ab", "a.bb"], "--set")
    assert [one.key for one in assignments(["a={b: 1}", "a.c=2"], "")] == ["a", "a.c"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"share": True}, "a number"),
        ({"share": "0.5"}, "a number"),
        ({"tail": {"length": "1_0"}}, "a whole number of at least 1, not '1_0'"),
        ({"tail": {"length": True}}, "a whole number"),
        ({"fluffy": "yes"}, "true or false"),
        ({"fluffy": 1}, "true or false"),
        ({"weights": [1, True]}, "not \\[1, True\\]"),
        ({"weights": ["1"]}, "not"),
    ],
)
def test_no_text_or_truth_value_is_taken_for_a_number(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate(Cat, {"name": "Tom"} | given, "--set")


def test_numbers_of_either_kind_fit() -> None:
    cat = validate(
        Cat, {"name": "Tom", "tail": {"length": 1e1}, "weights": [1, 2.5], "fluffy": False}, "--set"
    )
    assert (cat.tail.length, cat.weights, cat.fluffy) == (10, (1.0, 2.5), False)


def test_dotted_and_nested_keys_are_one() -> None:
    assert nest({"a.b": 1, "a": {"c.d": 2}, "e": [3]}) == {"a": {"b": 1, "c": {"d": 2}}, "e": [3]}


def test_texts_and_mappings_assign_the_same() -> None:
    assert assignments(["dci.trees=10"], "") == [("--set dci.trees=10", "dci.trees", 10)]
    nested = assignments({"dci": {"trees": 10, "cv": None}, "data.groups": 3}, "")
    assert [(one.key, one.value) for one in nested] == [
        ("dci.trees", 10),
        ("dci.cv", None),
        ("data.groups", 3),
    ]
    assert nested[0].where == "settings dci.trees=10"
    with pytest.raises(UsageError, match="--set dci: write it so"):
        assignments(["dci"], "write it so")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("tail.lenght", "tail.length"), ("tial", "tail"), ("length", "tail.length"), ("fur", None)],
)
def test_the_nearest_name_is_suggested(name: str, nearest: str | None) -> None:
    assert did_you_mean(name, names(Cat)) == (f"; did you mean {nearest}?" if nearest else "")
    with pytest.raises(UsageError) as raised:
        validate(Cat, nest({"name": "Tom", name: 1}), "--set")
    assert str(raised.value).endswith(f"; did you mean {nearest}?" if nearest else "no such setting")


def test_what_can_be_set_is_listed() -> None:
    assert list_settings(Cat) == [
        Setting("name", "str", None, "", "What it is called."),
        Setting("tail.length", "int", 30, "at least 1", "The tail. In cm."),
        Setting("tail.kind", "str", "straight", "one of straight, curly", "The tail."),
        Setting("share", "float | null", None, "between 0 and 1", ""),
        Setting("fluffy", "bool", True, "", ""),
        Setting("weights", "list", (), "", ""),
    ]
    chosen = list_settings(Cat, {"name": "Tom", "tail": {"length": 5}})
    assert [setting.default for setting in chosen] == ["Tom", 5, None, None, None, None]


@pytest.mark.parametrize(
    "value", ["!!bool zz", "!!timestamp x", "!!int zz", "!!binary é", "!!omap [a]", "? [a]"]
)
def test_a_value_that_is_not_what_its_tag_says(value: str) -> None:
    with pytest.raises(UsageError, match="not valid YAML"):
        read_assignment(f"a={value}")

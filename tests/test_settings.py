"""The grammar of settings: texts, dotted keys, nearest names, and lists."""

from typing import Literal

import pytest
from pydantic import Field

from disentangle_cli.errors import UsageError
from disentangle_cli.fields import Setting, did_you_mean, list_settings, names
from disentangle_cli.settings import Strict, assignments, merge, nest, override, read_assignments, validate


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


def test_override_reads_numbers_lists_and_null() -> None:
    settings = override({"a": {"b": 1, "c": 2}}, "a.b=1e-3")
    assert settings == {"a": {"b": 1e-3, "c": 2}}
    assert override({}, "x.y=[1, 2]") == {"x": {"y": [1, 2]}}
    assert override({}, "x=null") == {"x": None}
    assert merge({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}


def test_assignments() -> None:
    assert read_assignments(["a.b=1", " c = x=y", "d="], "--set") == {"a.b": 1, "c": "x=y", "d": None}
    assert read_assignments(["a=010", "b=1e400"], "--set") == {"a": 10, "b": float("inf")}
    for text in ("a", "=1"):
        with pytest.raises(UsageError, match=r"--set .*KEY=VALUE"):
            read_assignments([text], "--set")
    with pytest.raises(UsageError, match="twice"):
        read_assignments(["a=1", "a=2"], "--set")


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
    ]
    chosen = list_settings(Cat, {"name": "Tom", "tail": {"length": 5}})
    assert [setting.default for setting in chosen] == ["Tom", 5, None, None]

"""What fields of a pydantic model say: names, types, ranges and meanings of settings, listed and in words."""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from disentangle_cli.bounds import AtMost


@dataclass(frozen=True)
class Unit:
    """Marks what a number counts or is measured in; on a group, what its numbers without another unit are."""

    name: str


@dataclass(frozen=True)
class Setting:
    """One thing that can be set: dotted name, type, default, range, meaning and unit (may be empty)."""

    name: str
    type: str
    default: Any
    range: str
    meaning: str
    unit: str = ""


def list_settings(
    model: type[BaseModel], values: Mapping[str, Any] | None = None, *, heads: bool = False
) -> list[Setting]:
    """What can be set of ``model``, groups written out; ``values``, nested, stand for the defaults.

    With ``heads`` every group is an entry in front of its parts, which then do not repeat its meaning.
    """
    found: list[Setting] = []
    for name, field in model.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        default = default if values is None else values.get(name)
        meaning = " ".join((field.description or "").replace("``", "").split())
        unit = unit_of(field)
        if (group := group_of(field)) is None:
            found.append(Setting(name, _type(field), default, range_of(field), meaning, unit))
            continue
        if heads:
            found.append(Setting(name, "group", None, "", meaning))
        inside = default.model_dump() if isinstance(default, BaseModel) else default or {}
        for part in list_settings(group, inside, heads=heads):
            meanings = part.meaning if heads else " ".join(filter(None, [meaning, part.meaning]))
            found.append(replace(part, name=f"{name}.{part.name}", meaning=meanings, unit=part.unit or unit))
    return found


def names(model: type[BaseModel]) -> list[str]:
    """The dotted names of all settings, and of the groups that they are in."""
    found = list(model.model_fields)
    for name, field in model.model_fields.items():
        if group := group_of(field):
            found += [f"{name}.{part}" for part in names(group)]
    return found


def group_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model that a field holds, optional or not; None for plain values."""
    kinds = _kinds(field.annotation)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def unit_of(field: FieldInfo) -> str:
    """What the number of a field counts, empty where it is a plain number."""
    return next((one.name for one in field.metadata if isinstance(one, Unit)), "")


def choices_of(field: FieldInfo) -> tuple[Any, ...]:
    """The values that a field may have, empty where type and range decide."""
    kinds = [kind for kind in _kinds(field.annotation) if typing.get_origin(kind) is Literal]
    return tuple(choice for kind in kinds for choice in typing.get_args(kind))


def bound_of(field: FieldInfo) -> AtMost | None:
    """The largest value of a field and its reason, where it has one."""
    return next((one for one in field.metadata if isinstance(one, AtMost)), None)


def range_of(field: FieldInfo) -> str:
    """What a field's value may be, beside its type: ``at least 2``, ``one of mean, sample``."""
    bound = bound_of(field)
    return " and ".join(filter(None, [_range_of(field), f"at most {bound.most}" if bound else ""]))


def _range_of(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict):
        return str(extra["range"])
    if choices := choices_of(field):
        return f"one of {', '.join(map(str, choices))}"
    kinds: dict[type, str] = {
        Ge: "at least {0.ge}",
        Gt: "above {0.gt}",
        Le: "at most {0.le}",
        Lt: "below {0.lt}",
    }
    bounds = [kinds[type(one)].format(one) for one in field.metadata if type(one) in kinds]
    return " and ".join(bounds).replace("above 0 and below 1", "between 0 and 1")


def expected(field: FieldInfo, problem: str = "") -> str:
    """What a message asks for: ``a whole number of at least 2``, ``one of mean, sample``.

    ``problem`` is the type of pydantic's error: if it is ``bound``, the largest value and its reason.
    """
    if problem == "bound":
        return str(bound_of(field))
    fits = _range_of(field)
    if field.json_schema_extra or choices_of(field):
        return fits
    words = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false"}
    word = words.get(_type(field).partition(" ")[0], "a value")
    return " ".join(filter(None, [word, "of" * fits.startswith("at least"), fits]))


def _type(field: FieldInfo) -> str:
    words = {type(None): "null", tuple: "list"}
    plain = [kind for kind in _kinds(field.annotation) if typing.get_origin(kind) is not Literal]
    kinds = [*map(type, choices_of(field)), *(typing.get_origin(kind) or kind for kind in plain)]
    return " | ".join(dict.fromkeys(words.get(kind, kind.__name__) for kind in kinds))


def _kinds(annotation: Any) -> list[Any]:
    """The members of a union, or the one type, without what Annotated adds."""
    if typing.get_origin(annotation) is Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [kind for member in typing.get_args(annotation) for kind in _kinds(member)]
    return [annotation]


def is_of_kind(value: Any, annotation: Any) -> bool:
    """Whether a text or a truth value stands where ``annotation`` has one, also inside lists.

    pydantic takes ``yes`` for true, true for 1 and ``1_0`` for ten. Values of other kinds are left to it.
    """
    kinds = _kinds(annotation)
    plain = {
        type(choice)
        for kind in kinds
        for choice in typing.get_args(kind)
        if typing.get_origin(kind) is Literal
    }
    plain |= {kind for kind in kinds if isinstance(kind, type)}
    if Any in kinds:
        return True
    if isinstance(value, bool | str):
        return type(value) in plain
    if isinstance(value, int | float):
        return bool(plain & {int, float}) or plain <= {type(None)}
    if isinstance(value, list | tuple):
        inside = [part for kind in kinds for part in typing.get_args(kind) if part is not Ellipsis]
        return not inside or all(any(is_of_kind(one, part) for part in inside) for one in value)
    return True


def takes_whole(field: FieldInfo) -> bool:
    """Whether a field has whole numbers and no others."""
    kinds = _kinds(field.annotation)
    return int in kinds and float not in kinds

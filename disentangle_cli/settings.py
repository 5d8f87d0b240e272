"""One grammar of settings: ``KEY=VALUE`` texts, dotted keys, checks, and lists of what can be set.

Pydantic models say what can be set: a field's type and bounds are what fits, its docstring what it means.
"""

import difflib
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from disentangle_cli.errors import UsageError
from disentangle_cli.plain import is_bounded


class Strict(BaseModel):
    """Unknown keys and out-of-range values are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Checked(Strict):
    """The options of a call, checked by type; what does not fit is a UsageError that says what would."""

    model_config = ConfigDict(strict=True)
    kind: ClassVar[str] = "option"
    """What messages call one."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first, fields = error.errors()[0], type(self).model_fields
            name = str(first["loc"][0])
            if first["type"] != "extra_forbidden":
                raise UsageError(f"{name} must be {expected(fields[name])}, not {first['input']!r}") from None
            listed = f"there are: {', '.join(fields)}{did_you_mean(name, fields)}"
            raise UsageError(f"no {self.kind} is called {name!r}; {listed}") from None


M = TypeVar("M", bound=BaseModel)


def split_assignment(text: str, problem: str | None = None) -> tuple[str, str]:
    """``"a.b = c"`` -> ``("a.b", "c")``.

    Raises:
        UsageError: there is no ``=`` or no name; ``problem`` is what to say then.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise UsageError(problem or f"{text!r} is not of the form name=value")
    return key, value


def read_assignment(text: str, problem: str | None = None) -> tuple[str, Any]:
    """As :func:`split_assignment`, with the value read: a number, else YAML (a list, null, true, a text).

    Raises:
        UsageError: not of that form, not YAML, or too large.
    """
    key, written = split_assignment(text, problem)
    try:
        value = _number(written)
        value = yaml.safe_load(written) if value is None else value
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UsageError(f"the value in {text!r} is not valid YAML") from None
    if not is_bounded(value):
        raise UsageError(f"the value of {key} is too large")
    return key, value


def read_assignments(texts: Iterable[str], option: str) -> dict[str, Any]:
    """The ``KEY=VALUE`` texts of a repeatable option; ``option`` is what messages call it.

    Raises:
        UsageError: a text is not of that form, or a key comes twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, value = read_assignment(text, f"{option} {text!r}: expected KEY=VALUE")
        if key in found:
            raise UsageError(f"{option} {key!r} is given twice")
        found[key] = value
    return found


class Assignment(NamedTuple):
    """A value for a dotted key; ``where`` is what messages call it."""

    where: str
    key: str
    value: Any


def assignments(settings: Iterable[str] | Mapping[str, Any], form: str) -> list[Assignment]:
    """Assignments of ``--set`` texts, or of a mapping with dotted or nested keys.

    Raises:
        UsageError: a text is not ``KEY=VALUE``; ``form`` is what to write instead.
    """
    if isinstance(settings, Mapping):
        return [Assignment(f"settings {key}={value!r}", key, value) for key, value in _flat(nest(settings))]
    return [Assignment(f"--set {text}", *read_assignment(text, f"--set {text}: {form}")) for text in settings]


def _flat(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _number(text: str) -> int | float | None:
    """YAML 1.1 reads 1e-3 as a text, and 010 as eight."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``, nested mappings merged; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested dicts: ``{"a.b": 1, "a": {"c.d": 2}}`` -> ``{"a": {"b": 1, "c": {"d": 2}}}``."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        part: Any = nest(value) if isinstance(value, Mapping) else value
        for name in reversed(str(key).split(".")):
            part = {name: part}
        nested = merge(nested, part)
    return nested


def override(settings: Mapping[str, Any], assignment: str) -> dict[str, Any]:
    """``settings`` with one ``a.b=value`` applied."""
    key, value = read_assignment(assignment)
    return merge(settings, nest({key: value}))


def validate(model: type[M], settings: Mapping[str, Any], where: str) -> M:
    """Build a model from nested settings; ``where`` opens the error message.

    Raises:
        UsageError: an unknown key or a value that does not fit, with its dotted name.
    """
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        reason = "there is no such setting" + did_you_mean(key, names(model)) if unknown else first["msg"]
        raise UsageError(f"{where}: {key}: {reason}") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message on an unknown ``name``: what is like it beside it, else anywhere; or nothing."""
    place, _, leaf = name.rpartition(".")
    beside = {one.rpartition(".")[2]: one for one in known if one.rpartition(".")[0] == place}
    anywhere = {one.rpartition(".")[2]: one for one in known}
    for choices, cutoff in ((beside, 0.6), (anywhere, 0.8)):
        if close := difflib.get_close_matches(leaf, choices, 1, cutoff):
            return f"; did you mean {choices[close[0]]}?"
    return ""


@dataclass(frozen=True)
class Setting:
    """One thing that can be set: dotted name, type, default, range (may be empty) and meaning."""

    name: str
    type: str
    default: Any
    range: str
    meaning: str


def list_settings(model: type[BaseModel], values: Mapping[str, Any] | None = None) -> list[Setting]:
    """What can be set of ``model``, groups written out; ``values``, nested, stand for the defaults."""
    found: list[Setting] = []
    for name, field in model.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        default = default if values is None else values.get(name)
        meaning = " ".join((field.description or "").replace("``", "").split())
        if (group := group_of(field)) is None:
            found.append(Setting(name, _type(field), default, range_of(field), meaning))
            continue
        inside = default.model_dump() if isinstance(default, BaseModel) else default or {}
        for part in list_settings(group, inside):
            told = " ".join(filter(None, [meaning, part.meaning]))
            found.append(replace(part, name=f"{name}.{part.name}", meaning=told))
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


def choices_of(field: FieldInfo) -> tuple[Any, ...]:
    """The values that a field may have, empty where type and range decide."""
    kinds = [kind for kind in _kinds(field.annotation) if typing.get_origin(kind) is Literal]
    return tuple(choice for kind in kinds for choice in typing.get_args(kind))


def range_of(field: FieldInfo) -> str:
    """What a field's value may be, beside its type: ``at least 2``, ``one of mean, sample``."""
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


def expected(field: FieldInfo) -> str:
    """What a message asks for: ``a whole number of at least 2``, ``one of mean, sample``."""
    fits = range_of(field)
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

"""One grammar of settings: ``KEY=VALUE`` texts, dotted and nested keys, and their checks.

Pydantic models say what can be set: a field's type and bounds are what fits, its docstring what it means.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from disentangle_cli.errors import UsageError
from disentangle_cli.fields import did_you_mean, expected, names
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

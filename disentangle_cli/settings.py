"""One grammar of settings: ``KEY=VALUE`` texts, dotted and nested keys, and their checks.

Pydantic models say what can be set: a field's type and bounds are what fits, its docstring what it means.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from disentangle_cli.errors import UsageError
from disentangle_cli.fields import bound_of, expected, is_of_kind, names, takes_whole
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.nested import flat
from disentangle_cli.plain import is_bounded
from disentangle_cli.yaml12 import DuplicateKeyError, parse_yaml


class Strict(BaseModel):
    """Unknown keys and out-of-range values are errors; no text or truth value is taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        if not is_of_kind(value, field.annotation):
            wanted = {"wanted": expected(field), "given": repr(value)[:100]}
            raise PydanticCustomError("kind", "Input should be {wanted}, not {given}", wanted)
        if (bound := bound_of(field)) and isinstance(value, int | float) and value > bound.most:
            raise PydanticCustomError("bound", "Input should be {bound}", {"bound": str(bound)})
        # 1e3 is a whole number, too
        return int(value) if isinstance(value, float) and value.is_integer() and takes_whole(field) else value


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
                raise UsageError(
                    f"{name} must be {expected(fields[name], first['type'])}, not {first['input']!r}"
                ) from None
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
    """As :func:`split_assignment`, with the value read as YAML 1.2: a number, a list, null, true, a text.

    Raises:
        UsageError: not of that form, not YAML, or too large.
    """
    key, written = split_assignment(text, problem)
    try:
        value = parse_yaml(written)
    except DuplicateKeyError as error:
        raise UsageError(f"the value in {text!r}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UsageError(f"the value in {text!r} is not valid YAML") from None
    if not is_bounded(value):
        raise UsageError(f"the value of {key} is too large")
    return key, value


class Assignment(NamedTuple):
    """A value for a dotted key; ``where`` is what messages call it."""

    where: str
    key: str
    value: Any


def assignments(
    settings: Iterable[str] | Mapping[str, Any], form: str, option: str = "--set"
) -> list[Assignment]:
    """Assignments of the texts of a repeatable ``option``, or of a mapping with dotted or nested keys.

    Raises:
        UsageError: a text is not ``KEY=VALUE`` (``form`` is what to write instead), or a key comes twice.
    """
    if isinstance(settings, Mapping):
        found = [Assignment(f"settings {key}={value!r}", key, value) for key, value in flat(settings)]
        option = "settings"
    else:
        found = [
            Assignment(f"{option} {text}", *read_assignment(text, f"{option} {text}: {form}"))
            for text in settings
        ]
    check_once([key for one in found for key, _ in flat({one.key: one.value})], option)
    return found


def check_once(keys: Iterable[str], option: str) -> None:
    """Refuse settings that are given twice; a group and one of its members are the same setting.

    Raises:
        UsageError: names the first; ``option`` is what messages call it.
    """
    seen: set[str] = set()
    groups: set[str] = set()
    for key in keys:
        parts = key.split(".")
        above = {".".join(parts[:end]) for end in range(1, len(parts))}
        if key in seen | groups or above & seen:
            raise UsageError(f"{option} {key!r} is given twice; give it once")
        seen.add(key)
        groups |= above


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
        if first["type"] == "literal_error":
            reason += did_you_mean(str(first["input"]), re.findall(r"'([^']*)'", first["ctx"]["expected"]))
        raise UsageError(f"{where}: {key}: {reason}") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None

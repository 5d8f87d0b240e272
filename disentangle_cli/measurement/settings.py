"""Settings of metrics: a pydantic model of each from its signature, and the values that protocols give."""

import functools
import inspect
import typing
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, create_model, field_validator

from disentangle_cli.bounds import COUNT
from disentangle_cli.errors import UsageError
from disentangle_cli.fields import choices_of, expected
from disentangle_cli.measurement.metric import DERIVED, METRICS, Node
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.settings import Assignment, Strict

FORM = "write it as metric.key=value, e.g. dci.regressor=lasso"
"""What messages ask for."""


class MetricSettings(Strict):
    """Settings of one metric; numbers are finite and from 0."""

    model_config = ConfigDict(strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and value.lower() == "none" else value


@functools.cache
def settings_of(node: Node) -> type[MetricSettings]:
    """All settings of a metric or derived array, those of the derived arrays it uses included."""
    found: dict[str, Any] = {}
    for name in node.inputs:
        if name in DERIVED.names():
            found |= {
                key: (f.annotation, f) for key, f in settings_of(DERIVED.get(name)).model_fields.items()
            }
    hints = typing.get_type_hints(node.function, include_extras=True)
    parameters = inspect.signature(node.function).parameters
    for name in node.settings:
        described = typing.get_origin(hints[name]) is Annotated
        kind, meaning = typing.get_args(hints[name])[:2] if described else (hints[name], "")
        least = 0 if {int, float} & {kind, *typing.get_args(kind)} else None
        counted = Annotated[kind, COUNT] if int in {kind, *typing.get_args(kind)} else kind
        found[name] = (counted, Field(default=parameters[name].default, ge=least, description=meaning))
    return create_model("MetricSettings", __base__=MetricSettings, **found)


def protocol_settings(name: str, protocol: str, drawn: bool = False) -> dict[str, Any]:
    """The values that the metric ``name`` has under ``protocol`` when nothing is set.

    ``drawn`` says that the rows were drawn from a data set, in the numbers of the protocol.
    """
    entry = METRICS.get(name)
    special = dict(entry.drawn.get(protocol, {})) if drawn else {}
    return settings_of(entry)().model_dump() | dict(entry.defaults.get(protocol, {})) | special


def read_settings(assignments: Iterable[Assignment], metrics: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The settings of each metric, from assignments to ``metric.key``.

    Raises:
        UsageError: a metric that is not being computed, an unknown key or a value of the wrong type.
    """
    chosen: dict[str, dict[str, Any]] = {}
    metrics = list(metrics)
    for where, path, value in assignments:
        name, _, key = path.partition(".")
        if not key:
            raise UsageError(f"{where}: {FORM}")
        if name not in metrics:
            problem = f"{name!r} is not being computed; these are: {', '.join(metrics)}"
            raise UsageError(f"{where}: {problem}{did_you_mean(name, metrics)}")
        known = settings_of(METRICS.get(name))
        if key not in known.model_fields:
            listed = ", ".join(sorted(known.model_fields)) or "no settings"
            problem = f"{name} has no setting {key!r}; it has {listed}"
            raise UsageError(f"{where}: {problem}{did_you_mean(key, known.model_fields)}")
        try:
            chosen.setdefault(name, {})[key] = getattr(known(**{key: value}), key)
        except ValidationError as error:
            raise UsageError(f"{where}: {_wanted(known, key, error.errors()[0]['type'])}") from None
    return chosen


def _wanted(known: type[MetricSettings], key: str, problem: str) -> str:
    field = known.model_fields[key]
    if choices := choices_of(field):
        return f"choose one of: {', '.join(choices)}"
    if field.annotation is bool:
        return "write true or false"
    if problem == "bound":
        return f"write {expected(field, problem)}"
    if problem in ("greater_than_equal", "finite_number"):
        return "write a finite number from 0"
    return f"write a number of type {'float' if field.annotation is float else 'int'}"

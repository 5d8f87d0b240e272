"""Settings of metrics: found in signatures, read from ``metric.key=value`` strings, checked by type."""

import inspect
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.metric import DERIVED, METRICS, Node


@dataclass(frozen=True)
class Setting:
    """One setting: its type (as annotated) and its default."""

    kind: Any
    default: Any

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values allowed, empty when the type alone decides."""
        return typing.get_args(self.kind) if typing.get_origin(self.kind) is Literal else ()

    def read(self, text: str) -> Any:
        """Turn the text after ``=`` into a value.

        Raises:
            ValueError: it does not fit; the message says what would.
        """
        kind = self.kind
        if self.choices:
            if text not in self.choices:
                raise ValueError(f"choose one of: {', '.join(self.choices)}")
            return text
        if typing.get_origin(kind) in (typing.Union, types.UnionType):
            if text.lower() == "none":
                return None
            kind = next(k for k in typing.get_args(kind) if k is not type(None))
        if kind is bool:
            if text.lower() not in ("true", "false"):
                raise ValueError("write true or false")
            return text.lower() == "true"
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"write a number of type {kind.__name__}") from None
        if not 0 <= value < float("inf"):
            raise ValueError("write a finite number from 0")
        return value


def settings_of(node: Node) -> dict[str, Setting]:
    """All settings of a metric or derived array, those of the derived arrays it uses included."""
    found: dict[str, Setting] = {}
    for name in node.inputs:
        if name in DERIVED.names():
            found |= settings_of(DERIVED.get(name))
    hints = typing.get_type_hints(node.function)
    parameters = inspect.signature(node.function).parameters
    return found | {name: Setting(hints[name], parameters[name].default) for name in node.settings}


def protocol_settings(name: str, protocol: str, drawn: bool = False) -> dict[str, Any]:
    """The values that the metric ``name`` has under ``protocol`` when nothing is set.

    ``drawn`` says that the rows were drawn from a data set, in the numbers of the protocol.
    """
    entry = METRICS.get(name)
    defaults = {key: setting.default for key, setting in settings_of(entry).items()}
    special = dict(entry.drawn.get(protocol, {})) if drawn else {}
    return defaults | dict(entry.defaults.get(protocol, {})) | special


def read_settings(pairs: Iterable[str], metrics: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read ``metric.key=value`` strings.

    Raises:
        UsageError: a metric that is not being computed, an unknown key or a value of the wrong type.
    """
    chosen: dict[str, dict[str, Any]] = {}
    metrics = list(metrics)
    for pair in pairs:
        path, equals, text = pair.partition("=")
        name, dot, key = path.partition(".")
        if not (equals and dot and key):
            raise UsageError(f"--set {pair}: write it as metric.key=value, e.g. dci.regressor=lasso")
        if name not in metrics:
            raise UsageError(f"--set {pair}: {name!r} is not being computed; these are: {', '.join(metrics)}")
        known = settings_of(METRICS.get(name))
        if key not in known:
            listed = ", ".join(sorted(known)) or "no settings"
            raise UsageError(f"--set {pair}: {name} has no setting {key!r}; it has {listed}")
        try:
            chosen.setdefault(name, {})[key] = known[key].read(text)
        except ValueError as error:
            raise UsageError(f"--set {pair}: {error}") from None
    return chosen

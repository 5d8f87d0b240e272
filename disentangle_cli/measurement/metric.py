"""How a metric says what it needs.

A metric is one function. Its positional parameters name the arrays it wants: fields of
:class:`~disentangle_cli.measurement.arrays.Arrays`, entries of :data:`DERIVED` (computed once however many
metrics ask), or ``seed``, ``images`` or ``factor_names``. A parameter with default None is passed when
present. Its keyword-only parameters are its settings, to which those of the derived arrays it asks for are
added.
"""

import functools
import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec

from disentangle_cli.lines import one_line
from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.families import Family
from disentangle_cli.output import debugging, log, warn
from disentangle_cli.registry import Registry
from disentangle_cli.reporting import describe, is_out_of_memory

Result = dict[str, Any]
"""At least ``score`` (float, or None with ``reason``); parts beside it: floats, lists, nested dicts."""


Shape = Literal["number", "list", "codes", "factors", "codes x factors", "active x factors", "codes x codes"]
"""What a part of a result is: a number, a list or dictionary of numbers, or one per what is named."""

Change = Literal["renumbered", "shuffled", "constant", "permuted"]
"""What may be done to labels: other class ids in the same order, class ids exchanged, a single-valued factor
added, removed or moved, factors in another order."""

TRAINING_ROWS = {"disentanglement-lib": {"rows": "split"}}
"""For metrics that the study computes from its 10,000 training rows, although nothing is held out."""


class Undefined(Exception):
    """The quantity has no value on these arrays; the message is the reason reported."""


def undefined(error: Exception, what: str) -> Undefined:
    """Why ``what`` has no value, after it raised ``error``; one that nobody foresaw is warned about."""
    if isinstance(error, Undefined):
        return error
    reason = describe(error)[1] if is_out_of_memory(error) else f"{type(error).__name__}: {one_line(error)}"
    warn(f"{what} failed and is left out: {reason}")
    if debugging():
        log("".join(traceback.format_exception(error)).rstrip())
    return Undefined(f"it failed: {reason}")


@dataclass(eq=False)
class Node:
    """A function together with what its signature declares."""

    function: Callable[..., Any]

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.function)
        parameters = inspect.signature(self.function).parameters.values()
        self.inputs = {p.name: p.default is p.empty for p in parameters if p.kind is not p.KEYWORD_ONLY}
        self.settings = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the plain function."""
        return self.function(*args, **kwargs)


@dataclass(eq=False)
class Metric(Node):
    """A registered metric.

    Attributes:
        by_protocol: families whose arrays one protocol requires and the others do not see.
        defaults: settings whose default depends on the protocol.
        drawn: as ``defaults``, for rows that were drawn from a data set as the protocol has it; of a file of
            codes nothing is known, and all its rows count.
        parts: the numbers a result may hold beside its score, by name; what can be gated.
        bounds: lowest and highest value.
        higher_is_better: the direction.
        cost: what it takes, in words.
        moved_by: the changes of labels that move a score, and why; no other does, beyond rounding.
    """

    by_protocol: Mapping[str, tuple[Family, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drawn: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Mapping[str, Shape] = field(default_factory=dict)
    bounds: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True
    cost: str = "tiny"
    moved_by: Mapping[Change, str] = field(default_factory=dict)

    def inputs_under(self, protocol: str) -> dict[str, bool]:
        """Name of each input under ``protocol``, with whether it must be there."""
        special = {family for families in self.by_protocol.values() for family in families}
        wanted = self.by_protocol.get(protocol, ())
        family_of = {name: ARRAYS[name].family for name in self.inputs if name in ARRAYS}
        # counts say how far other arrays go; without them these go all the way
        counts = {name for name in family_of if ARRAYS[name].kind == "count"}
        return {
            name: required or (family_of.get(name) in wanted and name not in counts)
            for name, required in self.inputs.items()
            if family_of.get(name) not in special or family_of[name] in wanted
        }


METRICS: Registry[Metric] = Registry("disentangle_cli.metrics", "metric", "_")
DERIVED: Registry[Node] = Registry("disentangle_cli.measurement.derived", "derived array", "_")


P = ParamSpec("P")


def _entering(
    make: Callable[Concatenate[Callable[..., Result], P], Metric],
) -> Callable[P, Callable[[Callable[..., Result]], Metric]]:
    def declared(*args: P.args, **kwargs: P.kwargs) -> Callable[[Callable[..., Result]], Metric]:
        return lambda function: METRICS.register(function.__name__)(make(function, *args, **kwargs))

    return declared


metric = _entering(Metric)
"""Decorator: enter a function into :data:`METRICS` under its own name, with attributes of :class:`Metric`."""


def derived(function: Callable[..., Any]) -> Node:
    """Decorator: enter a function into :data:`DERIVED` under its own name."""
    return DERIVED.register(function.__name__)(Node(function))

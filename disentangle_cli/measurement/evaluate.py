"""Computing metrics: arrays in, one result per metric out, shared parts only once."""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import ARRAYS, Arrays, factor_names, samples_of
from disentangle_cli.measurement.metric import DERIVED, METRICS, Node, Result, Undefined, undefined
from disentangle_cli.measurement.protocols import PROTOCOLS
from disentangle_cli.measurement.settings import protocol_settings, settings_of
from disentangle_cli.nearest import choose_one


def evaluate(
    metrics: Iterable[str],
    arrays: Arrays,
    *,
    protocol: str = "infogan-cr",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    drawn: bool = False,
) -> dict[str, Result]:
    """Compute ``metrics`` on ``arrays``.

    ``settings`` maps a metric to the settings that differ from the protocol's; ``drawn`` says that the rows
    were drawn from a data set in the protocol's numbers, training rows first. Each result has a finite
    ``score``, or None and a ``reason``, beside the parts that the metric's own docstring lists.

    Raises:
        UsageError: an unknown metric or protocol.
    """
    evaluation = Evaluation(arrays, protocol, settings or {}, seed, drawn)
    return {name: evaluation.score(name) for name in metrics}


@dataclass(eq=False)
class Evaluation:
    """One set of arrays under one protocol; remembers every derived array it has computed."""

    arrays: Arrays
    protocol: str
    settings: Mapping[str, Mapping[str, Any]]
    seed: int
    drawn: bool = False
    _known: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UsageError(f"unknown protocol {self.protocol!r}; {choose_one(self.protocol, PROTOCOLS)}")
        arrays = self.arrays if self.drawn else without_constant_factors(self.arrays)
        self.arrays = with_split(arrays, self.seed)

    def score(self, name: str) -> Result:
        """The result of one metric; never raises for what the arrays hold."""
        entry = METRICS.get(name)
        standard = protocol_settings(name, self.protocol, self.drawn)
        chosen = standard | dict(self.settings.get(name, {}))
        changed = [f"{key}={value}" for key, value in sorted(chosen.items()) if value != standard.get(key)]
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
            warnings.simplefilter("always")
            try:
                result = _sound(self._apply(entry, entry.inputs_under(self.protocol), chosen))
            except Exception as error:  # whatever it is, the other metrics have their numbers
                result = {"score": None, "reason": str(undefined(error, name))}
        reads = required_arrays(name, self.protocol)
        notes = [text for array, text in self.arrays.remarks.items() if array in reads]
        notes += filter(None, [result.get("note")])
        if any(issubclass(w.category, ConvergenceWarning) for w in caught):
            notes.append("an inner fit stopped at its iteration limit, as the protocol has it")
        if notes:
            result["note"] = "; ".join(dict.fromkeys(notes))
        result["variant"] = " with ".join([self.protocol, ", ".join(changed)] if changed else [self.protocol])
        result["settings"] = chosen
        result["samples"] = sample_counts(self.arrays, reads, chosen.get("rows") == "split")
        return result | {"protocol": self.protocol, "seed": self.seed}

    def _apply(self, node: Node, inputs: Mapping[str, bool], settings: Mapping[str, Any]) -> Any:
        given = {name: self._input(name, required, settings) for name, required in inputs.items()}
        return node(**given, **{key: settings[key] for key in node.settings})

    def _input(self, name: str, required: bool, settings: Mapping[str, Any]) -> Any:
        if name in ABOUT:
            return ABOUT[name](self)
        if name in DERIVED.names():
            return self._derived(name, settings)
        value = self.arrays.get(name)
        if value is None and required:
            why = self.arrays.missing.get(name)
            raise Undefined(f"needs {name}: {why}" if why else f"needs {name}, which is absent")
        if value is not None and (problem := ARRAYS[name].problem(value)):
            raise Undefined(problem)
        return value

    def _derived(self, name: str, settings: Mapping[str, Any]) -> Any:
        node = DERIVED.get(name)
        own = {key: settings[key] for key in settings_of(node).model_fields}
        key = (name, *sorted(own.items()))
        if key not in self._known:
            try:
                self._known[key] = self._apply(node, node.inputs, own)
            except Exception as error:  # as the metrics that ask for it will say
                self._known[key] = undefined(error, name)
        if isinstance(self._known[key], Undefined):
            raise self._known[key]
        return self._known[key]


ABOUT: Mapping[str, Callable[[Evaluation], Any]] = {
    "seed": lambda evaluation: evaluation.seed,
    "images": lambda evaluation: evaluation.arrays.images,
    "factor_names": lambda evaluation: factor_names(evaluation.arrays),
}
"""Parameters of metrics and derived arrays that are no arrays."""


def _sound(result: Any) -> Result:
    """``result``, if it is one: with a finite score, or with none and a reason."""
    if not isinstance(result, dict) or "score" not in result:
        raise Undefined("it gave no result with a score")
    score = result["score"]
    if score is None:
        return {"reason": "it has no value here"} | result
    if not math.isfinite(score):
        raise Undefined(f"it came out as {score}")
    return result | {"score": float(score)}


def required_arrays(name: str, protocol: str) -> set[str]:
    """The fields of ``Arrays`` that the metric ``name`` reads under ``protocol``, optional ones included."""
    found: set[str] = set()
    pending = list(METRICS.get(name).inputs_under(protocol))
    while pending:
        entry = pending.pop()
        if entry in DERIVED.names():
            pending += DERIVED.get(entry).inputs
        elif entry not in ABOUT:
            found.add(entry)
    return found


def without_constant_factors(arrays: Arrays) -> Arrays:
    """``arrays`` without the groups and pairs that share the value of a factor which has one value only.

    They are no groups but random images. Factors are judged by the rows; labels beyond them stay.
    """
    if arrays.factors is None:
        return arrays
    constant = np.flatnonzero(np.ptp(arrays.factors, axis=0) == 0)
    changes: dict[str, Any] = {}
    remarks = dict(arrays.remarks)
    for name, array in ARRAYS.items():
        labels = arrays.get(name)
        if array.kind != "label" or labels is None or not (dropped := np.isin(labels, constant)).any():
            continue
        found = samples_of(arrays, array.family, ~dropped)
        changes |= found
        text = f"{dropped.sum()} groups of single-valued factors are left out"
        remarks |= dict.fromkeys(found, text)
    return replace(arrays, **changes, remarks=remarks) if changes else arrays


def with_split(arrays: Arrays, seed: int) -> Arrays:
    """``arrays`` with two halves of rows; the default ones where it names none and has at least 3 rows.

    Those are two thirds and one third of the rows, shuffled: the proportion of the disentanglement-lib study
    (10,000 and 5,000).
    """
    if arrays.codes is None or arrays.train_rows is not None or len(arrays.codes) < 3:
        return arrays
    order = np.random.default_rng(seed).permutation(len(arrays.codes))
    cut = -(-2 * len(order) // 3)
    return replace(arrays, train_rows=order[:cut], test_rows=order[cut:])


def sample_counts(arrays: Arrays, names: Iterable[str], split: bool) -> dict[str, int]:
    """How many samples lie in the arrays called ``names``; ``split`` says whether rows are held out."""
    counts: dict[str, int] = {}
    for name in sorted(names):
        array, value = ARRAYS[name], arrays.get(name)
        if value is not None and array.split in (None, split):
            counts |= zip(array.counted, value.shape, strict=False)
    return counts

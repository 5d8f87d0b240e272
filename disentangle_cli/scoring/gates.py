"""Quality gates: thresholds on metrics."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.metrics import METRICS
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.numerals import read_number
from disentangle_cli.settings import split_assignment


@dataclass(frozen=True)
class Gate:
    """``metric`` or ``metric.part`` must be at least ``value`` (at most, where low is good)."""

    address: str
    value: float

    @property
    def metric(self) -> str:
        """Name of the metric addressed."""
        return self.address.partition(".")[0]


def parse_gates(texts: Iterable[str], metrics: Sequence[str], option: str = "--fail-under") -> list[Gate]:
    """Read ``metric=value`` and ``metric.part=value`` texts; ``option`` is what messages call them.

    Raises:
        UsageError: a text is malformed or names a metric that is not computed or a part that it never has,
            or one that another text names.
    """
    gates: list[Gate] = []
    for text in texts:
        form = f"{option} {text}: write it as metric=number, e.g. factor_vae=0.8"
        address, number = split_assignment(text, form)
        if (value := read_number(number)) is None:
            raise UsageError(form)
        gate = Gate(address, float(value))
        if not math.isfinite(gate.value):
            raise UsageError(f"{option} {text}: the threshold must be a finite number")
        if gate.metric not in metrics:
            raise UsageError(
                f"{option} {text}: {gate.metric!r} is not computed; computed are {', '.join(metrics)}"
                f"{did_you_mean(gate.metric, metrics)}"
            )
        if problem := _part_problem(gate):
            raise UsageError(f"{option} {text}: {problem}")
        if gate.address in {other.address for other in gates}:
            raise UsageError(f"{option} {gate.address!r} is given twice; give it once")
        gates.append(gate)
    return gates


def _part_problem(gate: Gate) -> str | None:
    """What is wrong with the part that a gate addresses, as far as the metric's declaration tells."""
    declared = METRICS.get(gate.metric).parts
    _, dot, rest = gate.address.partition(".")
    part, _, place = rest.partition(".")
    if not dot or rest == "score":
        return None
    if part not in declared:
        numbers = ["score", *(name for name, shape in declared.items() if shape == "number")]
        listed = f"{', '.join(numbers)}{did_you_mean(part, declared)}"
        return f"{gate.metric} has no part {rest!r} that can be gated; it has {listed}"
    if declared[part] == "number" and place:
        return f"{gate.metric}.{part} is one number"
    if declared[part] != "number" and not place:
        return f"{gate.metric}.{part} holds several numbers; name one by its place, as in dci.per_code.0"
    return None


def look_up(result: dict[str, Any], address: str) -> float | None:
    """The number at a dotted address of a result's ``metrics``; a metric alone means its score.

    Raises:
        UsageError: there is no such number; the message lists those there are.
    """
    name, _, rest = address.partition(".")
    value: Any = result["metrics"][name]
    if value.get("score") is None and rest not in value:
        return None  # a metric without a value has no parts either
    for key in (rest or "score").split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            known = [k for k, v in result["metrics"][name].items() if isinstance(v, float)]
            raise UsageError(
                f"{name} has no part {rest!r}; it has {', '.join(known)}{did_you_mean(rest, known)}"
            )
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"{address} is not a number")
    return value if value is not None and math.isfinite(value) else None


def bound(result: dict[str, Any], address: str, high: bool) -> float | None:
    """The worse end of the 95% interval at an address: the lower one where ``high`` is good.

    Raises:
        UsageError: there is no such number, or it has no interval.
    """
    if look_up(result, address) is None:
        return None
    name, _, part = address.partition(".")
    entry = result["metrics"][name]
    holder = entry if part in ("", "score") else entry.get("parts", {}).get(part, {})
    if not holder.get("interval"):
        raise UsageError(f"{address} has no interval here; ask for one with --repeats or --bootstrap")
    return float(holder["interval"][0 if high else 1])


def check_gates(
    results: Iterable[dict[str, Any]], gates: Sequence[Gate], interval_gates: Sequence[Gate] = ()
) -> None:
    """Hold every result against every gate; ``interval_gates`` against the worse end of the interval.

    Raises:
        GateError: one line that lists each miss and by how much.
        UsageError: a gate addresses a part that is not there.
    """
    misses = []
    for result in results:
        for gate, by_interval in [(g, False) for g in gates] + [(g, True) for g in interval_gates]:
            high = METRICS.get(gate.metric).higher_is_better
            value = bound(result, gate.address, high) if by_interval else look_up(result, gate.address)
            end = f" ({'lower' if high else 'upper'} end)" if by_interval else ""
            where = f"{result['model']}: {gate.address}{end}"
            if value is None:
                reason = result["metrics"][gate.metric].get("reason", "it has no value here")
                misses.append(f"{where} is null ({reason})")
            elif (value < gate.value) if high else (value > gate.value):
                side = "under" if high else "over"
                misses.append(f"{where} is {value:.4f}, {abs(gate.value - value):.4g} {side} {gate.value:g}")
    if misses:
        raise GateError("gate failed: " + "; ".join(misses))

"""Quality gates: thresholds on metrics, and comparison with an earlier result."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.metrics import METRICS
from disentangle_cli.numerals import read_number
from disentangle_cli.plain import read_json
from disentangle_cli.settings import split_assignment

MAX_BASELINE = 2**26
"""Bytes of an earlier result; those of a thousand models have some ten million."""
ROUNDING = 1e-9
"""A fall of at most this is none."""


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
        UsageError: a text is malformed or names a metric that is not computed or a part that it never has.
    """
    gates = []
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
            )
        if problem := _part_problem(gate):
            raise UsageError(f"{option} {text}: {problem}")
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
        return f"{gate.metric} has no part {rest!r} that can be gated; it has {', '.join(numbers)}"
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
            raise UsageError(f"{name} has no part {rest!r}; it has {', '.join(known)}")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"{address} is not a number")
    return value


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


def read_baseline(path: str | Path) -> list[dict[str, Any]]:
    """The results of an earlier ``dcr score --format json``.

    Raises:
        UsageError: the file is missing or no such document.
    """
    document = read_json(path, MAX_BASELINE)
    results = document.get("results")
    right = str(document.get("schema", "")).startswith("dcr.score/")
    if not right or not isinstance(results, list) or not all(_is_result(r) for r in results):
        raise UsageError(f"{path}: not a result of `dcr score --format json`")
    return results


def _is_result(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("model"), str)
        and isinstance(entry.get("metrics"), dict)
        and all(isinstance(metric, dict) for metric in entry["metrics"].values())
    )


def check_baseline(results: Sequence[dict[str, Any]], baseline: Sequence[dict[str, Any]], path: str) -> None:
    """Compare the score of every metric with an earlier result of the same model.

    Where there are intervals, a fall counts when it is larger than the half width of the interval of the
    difference (the root of the sum of both squares). Models are matched by path, else by file name; a
    single model matches a single earlier one.

    Raises:
        GateError: one line that lists each metric that fell, and by how much.
        UsageError: a model has no earlier result, or one of another protocol.
    """
    falls = []
    for result in results:
        old = _match(result, results, baseline, path)
        if old.get("protocol") != result["protocol"]:
            raise UsageError(f"{path}: scored under protocol {old.get('protocol')}, not {result['protocol']}")
        for name, now in result["metrics"].items():
            before = old["metrics"].get(name, {}).get("score")
            if not isinstance(before, int | float):
                continue
            where = f"{result['model']}: {name}"
            if now["score"] is None:
                falls.append(f"{where} fell from {before:.4f} to null ({now.get('reason', 'no value')})")
                continue
            fall = before - now["score"] if METRICS.get(name).higher_is_better else now["score"] - before
            if fall > max(_reach(now, old["metrics"][name]), ROUNDING):
                falls.append(f"{where} fell by {fall:.4g}, from {before:.4f} to {now['score']:.4f}")
    if falls:
        raise GateError("worse than the baseline: " + "; ".join(falls))


def _reach(*entries: dict[str, Any]) -> float:
    """Half width of the interval of a difference; 0 without intervals."""
    squares = 0.0
    for entry in entries:
        ends, score = entry.get("interval"), entry.get("score")
        if (
            isinstance(ends, list)
            and len(ends) == 2
            and all(isinstance(e, int | float) for e in (*ends, score))
        ):
            squares += max(score - ends[0], ends[1] - score) ** 2  # one end may be cut off at the range
    return math.sqrt(squares)


def _match(
    result: dict[str, Any], results: Sequence[Any], baseline: Sequence[dict[str, Any]], path: str
) -> dict[str, Any]:
    same = [old for old in baseline if old["model"] == result["model"]]
    same = same or [old for old in baseline if Path(old["model"]).name == Path(result["model"]).name]
    if not same and len(results) == len(baseline) == 1:
        same = list(baseline)
    if not same:
        known = ", ".join(old["model"] for old in baseline) or "none"
        raise UsageError(f"{path}: has no result for {result['model']}; it has {known}")
    return same[0]

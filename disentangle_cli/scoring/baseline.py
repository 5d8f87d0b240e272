"""Comparison with an earlier result, which passes only where the same thing was measured in the same way."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.measurement.settings import protocol_settings
from disentangle_cli.metrics import METRICS
from disentangle_cli.output import warn
from disentangle_cli.plain import read_json

MAX_BASELINE = 2**26
"""Bytes of an earlier result; those of a thousand models have some ten million."""
ROUNDING = 1e-9
"""A fall of at most this is none."""
SAME = ("protocol", "dataset", "encode", "factors", "seed", "repeats", "early_votes")
"""What two results must agree in to be compared."""
CONTENT = ("fingerprint", "labels", "factor_bins")
"""As ``SAME``, where both name it: files of other content may have one name."""

Entry = dict[str, Any]


class Change(NamedTuple):
    """Something that two results do not have in common."""

    name: str
    old: Any
    now: Any


def read_baseline(path: str | Path) -> list[Entry]:
    """The results of an earlier ``dcr score --format json``, in which every score can be compared.

    Raises:
        UsageError: the file is missing or no such document, or a score or an interval in it is none.
    """
    results: list[Entry] = read_scores(path)["results"]
    return results


def read_scores(path: str | Path) -> Entry:
    """The document of an earlier ``dcr score --format json``, in which every score can be compared.

    Raises:
        UsageError: as :func:`read_baseline`.
    """
    document = read_json(path, MAX_BASELINE, streams=True)
    results = document.get("results")
    right = str(document.get("schema", "")).startswith("dcr.score/")
    if not right or not isinstance(results, list) or not all(_is_result(r) for r in results):
        raise UsageError(f"{path}: not a result of `dcr score --format json`")
    for result in results:
        for name, metric in result["metrics"].items():
            if problem := _problem(name, metric):
                raise UsageError(f"{path}: {result['model']}: {name} {problem}; make the baseline anew")
    return document


def _is_result(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("model"), str)
        and isinstance(entry.get("metrics"), dict)
        and all(isinstance(metric, dict) for metric in entry["metrics"].values())
    )


def _problem(name: str, metric: Entry) -> str | None:
    """Why nothing can be compared with a metric's earlier result, or None; null is a score like any other."""
    score, ends = metric.get("score"), metric.get("interval")
    if "score" not in metric:
        return "has no score"
    for key in ("settings", "samples"):
        if not isinstance(metric.get(key, {}), dict):
            return f"has {key} that are no mapping"
    if score is None:
        return None
    low, high = METRICS.get(name).bounds if name in METRICS.names() else (-math.inf, math.inf)
    if not _within(score, low, high):
        return f"has the score {_shown(score)}, which is no number in its range"
    if ends is None:
        return None
    if not isinstance(ends, list) or len(ends) != 2 or not all(_within(end, low, high) for end in ends):
        return f"has the interval {_shown(ends)}, which is no pair of numbers in its range"
    if not ends[0] - ROUNDING <= score <= ends[1] + ROUNDING:
        return f"has the interval {_shown(ends)}, in which its score {_shown(score)} does not lie"
    return None


def _within(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low - ROUNDING <= value <= high + ROUNDING


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def check_baseline(results: Sequence[Entry], baseline: Sequence[Entry], path: str) -> None:
    """Compare the score of every metric with an earlier result of the same model.

    Where there are intervals, a fall counts when it is larger than the half width of the interval of the
    difference (the root of the sum of both squares). Models are matched by path, else by file name; a
    single model matches a single earlier one. What cannot be compared, since it had no value then or was not
    scored now, is told in a warning for each model.

    Raises:
        GateError: one line that lists each metric that fell, and by how much.
        UsageError: a model or one of its metrics has no earlier result, nothing at all was compared, or what
            was scored then is not what is scored now: another data set, protocol, encoding, seed, number of
            repeats, setting or number of samples.
    """
    falls: list[str] = []
    absent: list[str] = []
    for result in results:
        old = earlier_of(result, results, baseline, path)
        where = f"{path}: {old['model']}"
        _refuse(where, changed(old, result, [*SAME, *same_content(old, result)]))
        compared, left_out = 0, []
        for name, now in result["metrics"].items():
            before = old["metrics"].get(name)
            if before is None:
                absent.append(f"{old['model']} has no {name}")
            elif before["score"] is not None:
                compared += 1
                if now["score"] is not None:
                    _refuse(f"{where}: {name}", other_settings(name, before, now, result))
                falls += _fall(f"{result['model']}: {name}", name, before, now)
            else:
                left_out.append(f"{name} (no value then: {before.get('reason', 'no reason is told')})")
        left_out += [f"{name} (not scored now)" for name in old["metrics"] if name not in result["metrics"]]
        if left_out:
            warn(f"{path}: of {result['model']} these are not compared: {', '.join(left_out)}")
        if not compared and not absent:
            absent.append(f"{old['model']} has no score of {', '.join(result['metrics'])}")
    matched = [id(earlier_of(result, results, baseline, path)) for result in results]
    if unused := [old["model"] for old in baseline if id(old) not in matched]:
        warn(f"{path}: not scored now, so not compared: {', '.join(dict.fromkeys(unused))}")
    if falls:
        raise GateError("worse than the baseline: " + "; ".join(falls))
    if absent:
        raise UsageError(
            f"{path}: nothing to compare with: {'; '.join(absent)}; score what is there with --metrics, "
            "or make the baseline anew"
        )


def _fall(where: str, name: str, before: Entry, now: Entry) -> list[str]:
    """In words, if a score is worse than before by more than the interval of the difference."""
    then, score = before["score"], now["score"]
    if score is None:
        return [f"{where} fell from {then:.4f} to null ({now.get('reason', 'no value')})"]
    fall = then - score if METRICS.get(name).higher_is_better else score - then
    if fall <= max(reach(now, before), ROUNDING):
        return []
    return [f"{where} fell by {fall:.4g}, from {then:.4f} to {score:.4f}"]


def reach(*entries: Mapping[str, Any]) -> float:
    """Half width of the interval of a difference; 0 without intervals."""
    squares = 0.0
    for entry in entries:
        if ends := entry.get("interval"):
            score = entry["score"]
            squares += max(score - ends[0], ends[1] - score) ** 2  # one end may be cut off at the range
    return math.sqrt(squares)


def other_settings(name: str, before: Entry, now: Entry, result: Entry) -> list[Change]:
    """In what a metric was computed otherwise; a setting that the earlier result lacks had its default."""
    drawn = result.get("encode") is not None
    usual = protocol_settings(name, result["protocol"], drawn) if "settings" in now else {}
    known = {key: value for key, value in usual.items() if key in now["settings"]}
    then, today = known | before.get("settings", {}), now.get("settings", {})
    found = changed(then, today, sorted({*then, *today}), "setting ")
    then, today = before.get("samples", {}), now.get("samples", {})
    return found + changed(then, today, sorted({*then, *today}), "number of ")


def changed(
    old: Mapping[str, Any], now: Mapping[str, Any], keys: Iterable[str], what: str = ""
) -> list[Change]:
    """Those of ``keys`` that do not have the same value in both; ``what`` stands before each."""
    return [Change(what + key, old.get(key), now.get(key)) for key in keys if old.get(key) != now.get(key)]


def same_content(old: Entry, now: Entry) -> list[str]:
    """The keys of :data:`CONTENT` that both results have."""
    return [key for key in CONTENT if old.get(key) and now.get(key)]


def _refuse(where: str, changes: Sequence[Change]) -> None:
    for key, then, today in changes:
        raise UsageError(
            f"{where}: {key} was {_shown(then)} and is {_shown(today)} now, "
            "which does not compare; score as then, or make the baseline anew"
        )


def earlier_of(result: Entry, results: Sequence[Entry], baseline: Sequence[Entry], path: str) -> Entry:
    same = [old for old in baseline if old["model"] == result["model"]]
    same = same or [old for old in baseline if Path(old["model"]).name == Path(result["model"]).name]
    if not same and len(results) == len(baseline) == 1:
        same = list(baseline)
    if not same:
        known = ", ".join(old["model"] for old in baseline) or "none"
        raise UsageError(f"{path}: has no result for {result['model']}; it has {known}")
    if any(old != same[0] for old in same):
        raise UsageError(f"{path}: has {len(same)} results that may be meant by {result['model']}")
    return same[0]

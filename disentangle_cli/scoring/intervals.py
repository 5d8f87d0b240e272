"""Means, spreads, 95% intervals, and how many samples a narrower one takes."""

import math
import statistics
from typing import Any

from scipy.stats import t

from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.metrics import METRICS, Result

LEVEL = 0.975
NORMAL = 1.959963984540054
"""97.5% quantile of the normal distribution."""
COUNTS = {array.counted[0] for array in ARRAYS.values() if array.counted}
"""Names of numbers of samples, without those of what is in one sample."""


def combine(results: list[Result], half_width: float = 0.01, metric: str | None = None) -> Result:
    """The first result with every number replaced by its mean over independent runs.

    Adds ``std`` (sample standard deviation of the score), ``interval`` (95%, of the mean, by Student's t),
    ``repeats`` (the score of each run), ``needed`` (runs for an interval of +- ``half_width``) and
    ``parts``: mean, std, interval and values of every other number. Lists and texts are those of the first
    run. A number that is null in any run is null.
    """
    if len(results) == 1:
        return results[0]
    combined = dict(results[0])
    parts: dict[str, Any] = {}
    for key in results[0]:
        values = [result.get(key) for result in results]
        numbers = [v for v in values if v is not None]
        if key == "seed" or not numbers or not all(_number(v) for v in numbers):
            continue
        complete = len(numbers) == len(values)
        combined[key] = mean = statistics.fmean(numbers) if complete else None
        spread = statistics.stdev(numbers) if complete else None
        reach = None if spread is None else float(t.ppf(LEVEL, len(values) - 1)) * spread / len(values) ** 0.5
        interval = _around(mean, reach, metric if key == "score" else None)
        if key == "score":
            needed = _needed(spread, half_width, {"repeats": 1})
            combined |= {"std": spread, "interval": interval, "repeats": values, "needed": needed}
        else:
            parts[key] = {"mean": mean, "std": spread, "interval": interval, "values": values}
    if combined.get("score") is None:
        combined["reason"] = next((r["reason"] for r in results if r.get("reason")), "no value in some run")
    return combined | ({"parts": parts} if parts else {})


def with_bootstrap(
    result: Result, resamples: list[Result], half_width: float = 0.01, metric: str | None = None
) -> Result:
    """``result`` with the spread that it has over resampled data.

    Adds ``std`` and ``mean`` over the resamples, ``interval`` (score +- 1.96 std: centred on the score,
    because repeated rows shift many metrics), ``needed`` (samples for +- ``half_width``, as the spread falls
    with the square root of their number), ``bootstrap`` (how many resamples had a value) and ``parts``.
    """
    parts = {}
    found = dict(result)
    for key, value in result.items():
        values = [r.get(key) for r in resamples]
        numbers = [float(v) for v in values if v is not None and _number(v)]
        if key == "seed" or not _number(value) or isinstance(value, int) or len(numbers) < 2:
            continue
        spread = statistics.stdev(numbers)
        interval = _around(value, NORMAL * spread, metric if key == "score" else None)
        entry = {"mean": statistics.fmean(numbers), "std": spread, "interval": interval}
        if key == "score":
            counts = {n: c for n, c in result.get("samples", {}).items() if n in COUNTS}
            needed = _needed(spread, half_width, counts)
            found |= entry | {"bootstrap": len(numbers), "needed": needed}
        else:
            parts[key] = entry
    return found | ({"parts": parts} if parts else {})


def _around(mean: float | None, reach: float | None, metric: str | None) -> list[float] | None:
    """[low, high], cut off at the ends of the metric's range."""
    if mean is None or reach is None:
        return None
    low, high = METRICS.get(metric).bounds if metric else (-math.inf, math.inf)
    return [max(mean - reach, low), min(mean + reach, high)]


def _needed(spread: float | None, half_width: float, counts: dict[str, int]) -> dict[str, Any] | None:
    """How large each count must be for a 95% interval of +- half_width, at this spread per count."""
    if spread is None:
        return None
    factor = (NORMAL * spread / half_width) ** 2
    return {"half_width": half_width, **{name: max(math.ceil(n * factor), 1) for name, n in counts.items()}}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

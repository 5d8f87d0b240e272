"""Several runs of one metric made into one result."""

import math
import statistics
from typing import Any

from disentangle_cli.metrics import Result


def combine(results: list[Result]) -> Result:
    """The first result with every number replaced by its mean over the runs.

    Adds ``std`` (sample standard deviation of the score), ``repeats`` (the score of each run) and
    ``parts``: mean, std and values of every other number. Lists and texts are those of the first run. A
    number that is null in any run is null.
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
        combined[key] = statistics.fmean(numbers) if complete else None
        spread = statistics.stdev(numbers) if complete else None
        if key == "score":
            combined |= {"std": spread, "repeats": values}
        else:
            parts[key] = {"mean": combined[key], "std": spread, "values": values}
    if combined.get("score") is None:
        combined["reason"] = next((r["reason"] for r in results if r.get("reason")), "no value in some run")
    return combined | ({"parts": parts} if parts else {})


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

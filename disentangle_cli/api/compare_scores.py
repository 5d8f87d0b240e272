"""Two results of ``dcr score``, number by number."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.api.score_tables import number_rows
from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import METRICS
from disentangle_cli.scoring.baseline import (
    ROUNDING,
    Change,
    Entry,
    changed,
    other_settings,
    reach,
    same_content,
)

MUST_AGREE = ("dataset", "protocol", "factors")
"""What is measured: numbers of other things do not compare."""
MAY_DIFFER = ("seed", "encode", "repeats", "bootstrap")
"""What is told: numbers compare, though their noise is another."""
Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Compared:
    """One number of both results.

    Attributes:
        metric: its name, dotted for parts of a metric.
        a, b: the values; None: there is none.
        interval_a, interval_b: 95% intervals, where they were asked for.
        difference: b - a; None where they do not compare.
        reach: half width of the interval of the difference, None without intervals.
        verdict: what that comes to, of b.
    """

    model_a: str
    model_b: str
    metric: str
    a: float | None
    interval_a: Interval
    b: float | None
    interval_b: Interval
    difference: float | None
    reach: float | None
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)


def pairs_of(a: Sequence[Entry], b: Sequence[Entry], names: tuple[str, str]) -> list[tuple[Entry, Entry]]:
    """The results of one model in both, by path, else by file name; single ones are a pair whatever they are.

    Raises:
        UsageError: no model is in both, or several may be meant.
    """
    if len(a) == len(b) == 1:
        return [(a[0], b[0])]
    found = []
    for one in a:
        same = [other for other in b if other["model"] == one["model"]]
        same = same or [other for other in b if Path(other["model"]).name == Path(one["model"]).name]
        if len(same) > 1:
            raise UsageError(f"{names[1]}: has {len(same)} results that may be meant by {one['model']}")
        found += [(one, other) for other in same]
    if not found:
        raise UsageError(f"{names[0]} and {names[1]} have no model in common, by path or by file name")
    return found


def refusal(a: Entry, b: Entry) -> Change | None:
    """Why two results do not compare at all, if so."""
    changes = changed(a, b, [*MUST_AGREE, *same_content(a, b)])
    return changes[0] if changes else None


def compare_results(a: Entry, b: Entry, judged: bool = True) -> list[Compared]:
    """All numbers of both results; not ``judged``: side by side only."""
    names = list(dict.fromkeys([*a["metrics"], *b["metrics"]]))
    found = []
    for name in names:
        first, second = a["metrics"].get(name), b["metrics"].get(name)
        known = name in METRICS.names() and first is not None and second is not None
        others = other_settings(name, first, second, b) if known else []
        words = "; ".join(f"{key} {then} and {now}" for key, then, now in others)
        problem = "" if judged else "not of the same"
        problem = f"measured otherwise: {words}" if words else problem
        rows = _numbers(name, first), _numbers(name, second)
        for key in dict.fromkeys([*rows[0], *rows[1]]):
            one, other = (row.get(key, (None, None)) for row in rows)
            found.append(_compared(a["model"], b["model"], key, one, other, problem))
    return found


Number = tuple[float | None, Interval]


def _numbers(name: str, metric: Entry | None) -> dict[str, Number]:
    """The score of a metric and its parts, each with its interval."""
    if metric is None:
        return {}
    if name not in METRICS.names():  # of another package, or another version
        return {name: (metric["score"], _ends(*(metric.get("interval") or (None, None))))}
    parts = metric.get("parts")
    sound = {key: part for key, part in parts.items() if _is_part(part)} if isinstance(parts, dict) else {}
    whole = {"variant": "", **metric, "parts": sound}
    return {
        str(key): (value, _ends(low, high))
        for key, value, _, low, high, _ in number_rows({"metrics": {name: whole}}, [name], spread=True)
        if value is None or (isinstance(value, int | float) and math.isfinite(value))
    }


def _is_part(part: Any) -> bool:
    """Whether what a file says of a part can be read: an interval is a pair of finite numbers."""
    ends = part.get("interval") if isinstance(part, dict) else 0
    if not isinstance(ends, list):
        return ends is None
    return len(ends) == 2 and all(isinstance(end, int | float) and math.isfinite(end) for end in ends)


def _ends(low: Any, high: Any) -> Interval:
    return None if low is None or high is None else (float(low), float(high))


def _compared(model_a: str, model_b: str, key: str, one: Number, other: Number, problem: str) -> Compared:
    (a, ends_a), (b, ends_b) = one, other
    half = None
    if ends_a and ends_b and a is not None and b is not None:
        half = reach({"score": a, "interval": ends_a}, {"score": b, "interval": ends_b})
    difference = None if problem or a is None or b is None else b - a
    verdict = problem or _verdict(key, a, b, half)
    return Compared(model_a, model_b, key, a, ends_a, b, ends_b, difference, half, verdict)


def _verdict(key: str, a: float | None, b: float | None, half: float | None) -> str:
    if a is None or b is None:
        return "in neither" if a is b else "only in A" if b is None else "only in B"
    if math.isclose(a, b, rel_tol=0, abs_tol=ROUNDING):
        return "the same"
    if half is not None and abs(b - a) <= half:
        return "not told apart"
    up = b > a
    if key in METRICS.names():
        said = "better" if up == METRICS.get(key).higher_is_better else "worse"
    else:
        said = "higher" if up else "lower"
    return said if half is not None else f"{said} (no interval)"

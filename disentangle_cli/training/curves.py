"""Runs as curves: which seeds belong together, what is drawn, and where phases begin."""

import fnmatch
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.config import Milestone
from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.nested import flat
from disentangle_cli.rendering.curves import Chart, Curve, Mark, Panel
from disentangle_cli.training.records import NOT_IDENTITY, Record

Spread = Literal["range", "std", "runs"]
"""How seeds of one configuration are drawn: as mean and range, mean and standard deviation, or each."""
SCORES = "score/"
SCHEDULES = ("h/weight", "h/gap", "warm/beta", "warm/half_width", "capacity")
"""Columns that say what was set, not what came of it."""
OF_A_CODE = re.compile(r"[_/]c[0-9]+$")
MOST_MARKS = 30
"""Upright lines of one kind in a panel."""
NAMED_SETTINGS = 3
"""Settings that a label names at most."""


@dataclass(frozen=True)
class Group:
    """Seeds of one configuration; ``label`` says what sets it apart from the others."""

    label: str
    runs: Sequence[Record]


def group_runs(runs: Sequence[Record]) -> list[Group]:
    """Runs that differ in the seed alone together, in the order of their first; labels are distinct."""
    by_key: dict[str, list[Record]] = {}
    for run in runs:
        by_key.setdefault(run.key, []).append(run)
    groups = list(by_key.values())
    taken: dict[str, int] = {}
    labelled = []
    for label, group in zip(_labels(groups), groups, strict=True):
        taken[label] = taken.get(label, 0) + 1
        shown = label if taken[label] == 1 else f"{label} ({taken[label]})"
        labelled.append(Group(shown, group))
    return labelled


def choose_columns(runs: Sequence[Record], patterns: Sequence[str] = ()) -> list[str]:
    """The columns to draw, scores first: those that patterns name, else losses and scores.

    Without patterns, numbers of single codes and schedules are left out, unless there is nothing else.

    Raises:
        UsageError: a pattern fits no column.
    """
    there = list(dict.fromkeys(column for run in runs for column in run.last()))
    there.sort(key=lambda column: not column.startswith(SCORES))
    if not patterns:
        usual = [name for name in there if name not in SCHEDULES and not OF_A_CODE.search(name)]
        return usual or there
    chosen: list[str] = []
    for pattern in patterns:
        fitting = there if pattern == "all" else fnmatch.filter(there, pattern)
        if not fitting:
            listed = f"there are: {', '.join(there) or 'none'}{did_you_mean(pattern, there)}"
            raise UsageError(f"--columns {pattern}: the logs have no such column; {listed}")
        chosen += fitting
    return list(dict.fromkeys(chosen))


def chart_of(
    groups: Sequence[Group],
    columns: Sequence[str],
    *,
    spread: Spread = "range",
    smooth: int = 1,
    title: str = "",
    whole: bool = False,
) -> Chart:
    """The curves of groups, a panel for each column.

    Args:
        groups: at least one.
        columns: of the logs.
        spread: how seeds of one group are drawn.
        smooth: rows whose mean is drawn, ending with each row.
        title: above all.
        whole: whether the axis shows the whole length of runs that are under way.
    """
    panels = []
    for column in columns:
        curves = [
            curve
            for place, group in enumerate(groups)
            for curve in _curves(place, [run.series(column) for run in group.runs], spread, smooth)
        ]
        values = np.concatenate([curve.y for curve in curves])
        unit = column.startswith(SCORES) and 0 <= values.min() <= values.max() <= 1
        panels.append(Panel(column, curves, bool(unit)))
    lengths = [run.length or 0 for group in groups for run in group.runs]
    names = [_entry(group, spread) for group in groups]
    subtitle = [f"means of {smooth} rows"] if smooth > 1 else []
    return Chart(
        panels,
        names,
        _marks(groups),
        title,
        "; ".join([*_spread_words(groups, spread), *subtitle]),
        x_end=max(lengths) if whole else 0.0,
    )


def smoothed(values: Doubles, rows: int) -> Doubles:
    """(n,) the mean of each value and those before it, ``rows`` in all (fewer at the beginning)."""
    if rows <= 1 or not len(values):
        return values
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - rows, 0)
    means: Doubles = (sums[ends] - sums[begins]) / (ends - begins)
    return means


def _curves(
    series: int, found: Sequence[tuple[Doubles, Doubles]], spread: Spread, smooth: int
) -> list[Curve]:
    """One group in one panel: a line for the mean and its band, as far as all seeds have come; then each."""
    lines = [(x, smoothed(y, smooth)) for x, y in found if len(x)]
    if len(lines) < 2 or spread == "runs":
        return [Curve(series, x, y, thin=len(lines) > 1) for x, y in lines]
    begin, end = max(x[0] for x, _ in lines), min(x[-1] for x, _ in lines)
    curves = []
    if begin <= end:
        shared = np.unique(np.concatenate([x[(begin <= x) & (x <= end)] for x, _ in lines]))
        table = np.stack([np.interp(shared, x, y) for x, y in lines])
        mean = table.mean(0)
        reach = table.std(0, ddof=1)
        low, high = (mean - reach, mean + reach) if spread == "std" else (table.min(0), table.max(0))
        curves.append(Curve(series, shared, mean, low, high))
    for x, y in lines:
        for part in (x <= begin, x >= end) if begin <= end else (np.full(len(x), True),):
            if part.sum() > 1:
                curves.append(Curve(series, x[part], y[part], thin=True))
    return curves


def _spread_words(groups: Sequence[Group], spread: Spread) -> list[str]:
    if all(len(group.runs) < 2 for group in groups) or spread == "runs":
        return []
    band = "range" if spread == "range" else "standard deviation"
    return [f"lines: mean over seeds; bands: {band}; thin: single seeds, where not all have a value"]


def _entry(group: Group, spread: Spread) -> str:
    count = len(group.runs)
    return f"{group.label}, {count} seeds" if count > 1 else group.label


def _marks(groups: Sequence[Group]) -> list[Mark]:
    """Phases, once where all groups share them."""
    found = [tuple(_few(group.runs[0].milestones)) for group in groups]
    if len(set(found)) == 1:
        return [Mark(at, name) for at, name in found[0]]
    return [Mark(at, name, place) for place, own in enumerate(found) for at, name in own]


def _few(milestones: Sequence[Milestone]) -> list[Milestone]:
    """Milestones without a wall of equal ones: of more than :data:`MOST_MARKS` the first stands for all."""
    count = Counter(name for _, name in milestones)
    kept: list[Milestone] = []
    for at, name in milestones:
        if count[name] <= MOST_MARKS:
            kept.append(Milestone(at, name))
        elif (words := f"{name}, {count[name]:,} times from here") not in {one.name for one in kept}:
            kept.append(Milestone(at, words))
    return kept


def _labels(groups: Sequence[Sequence[Record]]) -> list[str]:
    """What sets groups apart: model and data set, then settings among those alike; else the name of runs."""
    by_name: dict[str, list[int]] = {}
    configs = [_flat(group[0].config) for group in groups]
    shared = {key for key in ("model", "dataset") if len({repr(one.get(key)) for one in configs}) == 1}
    for place, own in enumerate(configs):
        names = [str(own[key]) for key in ("model", "dataset") if key in own and key not in shared]
        by_name.setdefault(", ".join(names), []).append(place)
    labels = [""] * len(groups)
    for name, places in by_name.items():
        keys = list(dict.fromkeys(key for place in places for key in configs[place]))
        counts = {key: len({repr(configs[place].get(key)) for place in places}) for key in keys}
        differing = sorted((key for key in keys if counts[key] > 1), key=lambda key: -counts[key])
        for place in places:
            own = configs[place]
            settings = [f"{key}={_short(own.get(key))}" for key in differing[:NAMED_SETTINGS]] if own else []
            more = ["…"] if own and len(differing) > NAMED_SETTINGS else []
            parts = [*([name] if name else []), *settings, *more]
            labels[place] = ", ".join(parts) or _without_seed(groups[place])
    return labels


def _without_seed(group: Sequence[Record]) -> str:
    name = group[0].name
    return name if len(group) == 1 else re.sub(r"[_-]?seed-[0-9]+", "", name) or name


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    return dict(flat({key: value for key, value in config.items() if key not in NOT_IDENTITY}))

"""Scores as a page to hand on: bars with intervals, matrices, and what each code encodes."""

import inspect
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from disentangle_cli.api.score_tables import has_spread, matrices, number_columns, number_rows, used_rows
from disentangle_cli.api.score_words import encoded
from disentangle_cli.documents import versions
from disentangle_cli.metrics import METRICS
from disentangle_cli.rendering.naming import told_apart
from disentangle_cli.rendering.pages import render
from disentangle_cli.rendering.report import Matrix

CELLS = 40_000
"""Numbers in all matrices of a page, of some 100 characters each."""
MODELS = 200
"""Models that are told of in full."""
FIRST = ("importance", "mutual_information")
"""Matrices that come before others."""


def score_report(
    results: Sequence[dict[str, Any]],
    names: Sequence[str],
    settings: Mapping[str, object],
    command: str | None,
    made: datetime | None = None,
) -> str:
    """The text of the page.

    Args:
        results: one for each model, see :class:`disentangle_cli.api.score.Scores`.
        names: of the metrics.
        settings: of the command.
        command: the command line that asked for it; None: Python did.
        made: when; None: now.
    """
    short = told_apart([str(result["model"]) for result in results])
    room, models = CELLS, []
    for name, result in zip(short[:MODELS], results, strict=False):
        found = sorted(matrices(result, names), key=_place)
        shown = []
        for one in found:
            room -= len(one.rows) * len(one.columns)
            if room > 0:
                shown.append(one)
        models.append(_model(name, result, names, shown, len(found) - len(shown)))
    title = f"Scores of {short[0]}" if len(short) == 1 else f"Scores of {len(short):,} models"
    return render(
        "score.html.j2",
        title=title,
        made=f"{(made or datetime.now(UTC)).astimezone(UTC):%d %B %Y, %H:%M} UTC",
        command=command,
        datasets=sorted({str(result["dataset"]) for result in results}),
        single=len(results) == 1,
        metrics=[_metric(name, results, short) for name in names],
        intervals=has_spread(results),
        notes=any(metric.get("note") for result in results for metric in result["metrics"].values()),
        models=models,
        others=len(results) - len(models),
        settings=[[name, str(value)] for name, value in settings.items()],
        versions=versions(),
    )


def _place(matrix: Matrix) -> tuple[bool, str]:
    return not any(part in matrix.title for part in FIRST), matrix.title


def _metric(name: str, results: Sequence[dict[str, Any]], short: Sequence[str]) -> dict[str, Any]:
    """A metric in words, and a bar for each model, from the lowest value that is possible, or 0."""
    metric = METRICS.get(name)
    found = [result["metrics"][name] for result in results]
    ends = [float(one["score"]) for one in found if one["score"] is not None]
    ends += [float(end) for one in found for end in one.get("interval") or () if end is not None]
    lowest, highest = metric.bounds
    low = lowest if lowest > -float("inf") else min([0.0, *ends])
    high = highest if highest < float("inf") else max([low + 1e-9, *ends])

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    def line(model: str, one: dict[str, Any]) -> dict[str, Any]:
        ends = one.get("interval") or (None, None)
        return {
            "model": model,
            "score": one["score"],
            "at": place(one["score"]),
            "interval": None if None in ends else ends,
            "from": place(ends[0]),
            "to": place(ends[1]),
            "reason": one.get("reason"),
            "note": one.get("note"),
        }

    order = list(range(len(found)))
    if len(found) > 1:
        sign = -1 if metric.higher_is_better else 1
        order = sorted(order, key=lambda k: (found[k]["score"] is None, sign * (found[k]["score"] or 0.0)))
    return {
        "name": name,
        "about": inspect.getdoc(metric.function),
        "scale": f"from {low:g} to {highest:g}" if highest < float("inf") else f"from {low:g} upwards",
        "better": "higher is better" if metric.higher_is_better else "lower is better",
        "lines": [line(short[k], found[k]) for k in order[:MODELS]],
    }


def _model(
    name: str, result: dict[str, Any], names: Sequence[str], shown: Sequence[Matrix], hidden: int
) -> dict[str, Any]:
    spread = has_spread([result])
    facts = {key: result[key] for key in ("dataset", "protocol", "encode", "seed", "repeats", "bootstrap")}
    facts["factors"] = ", ".join(result["factors"])
    return {
        "name": name,
        "path": result["model"],
        "facts": "; ".join(f"{key}: {value}" for key, value in facts.items() if value),
        "encoded": encoded(result, names),
        "matrices": shown,
        "hidden": hidden,
        "columns": number_columns(spread),
        "numbers": number_rows(result, names, spread),
        "used": used_rows(result, names),
    }

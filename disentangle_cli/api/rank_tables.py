"""The tables that a ranking is shown as."""

from collections.abc import Collection, Sequence
from typing import Any

from disentangle_cli.rendering.report import Section
from disentangle_cli.selection import Ranked, Selection
from disentangle_cli.selection.explain import Explanation

BALANCED, INTERVAL, MEDOID, ACTIVITY = (
    "balanced score", "95% interval", "probability of being the medoid", "activity"
)  # fmt: skip
LEGEND = {
    BALANCED: "the score where each family of models has one voice",
    MEDOID: "how often the model came first when the pool was drawn anew",
    ACTIVITY: "the part of the variation of a model's images that goes with each code alone, in their order",
}
OPTIONAL = (ACTIVITY, "family", BALANCED, "codes")
"""Columns of a ranking that a narrow terminal does without, the first first."""


def ranking_table(
    selection: Selection, labels: dict[str, Any] | None, top: int | None, full: bool = False
) -> Section:
    """The ranking of one method; columns that say nothing about this pool are left out unless ``full``."""
    ranked = selection.ranking[:top]
    columns: dict[str, list[object]] = {
        "rank": [r.rank for r in ranked],
        "model": [r.model for r in ranked],
        "score": [r.score for r in ranked],
        "codes": [r.codes for r in ranked],
    }
    if full or len({r.family for r in selection.ranking}) > 1:
        columns["family"] = [r.family for r in ranked]
        columns["balanced" if full else BALANCED] = [r.balanced for r in ranked]
    if full or selection.confidence is not None:
        columns |= _interval_columns(ranked, full)
    if activity := selection.details.get("activity"):
        columns["e_c" if full else ACTIVITY] = [_compact(activity[r.model]) for r in ranked]
    elif full:
        columns["e_c"] = [None for _ in ranked]
    if labels is not None:
        for metric in labels["metrics"]:
            columns[metric] = [labels["scores"][r.model][metric] for r in ranked]
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return Section(selection.method, columns=list(columns), rows=rows)


def _interval_columns(ranked: Sequence[Ranked], full: bool) -> dict[str, list[object]]:
    chance: list[object] = [r.medoid_probability for r in ranked]
    if full:
        return {
            "low": [r.interval and r.interval[0] for r in ranked],
            "high": [r.interval and r.interval[1] for r in ranked],
            "p_medoid": chance,
        }
    ends: list[object] = [r.interval and f"{r.interval[0]:.3f}..{r.interval[1]:.3f}" for r in ranked]
    return {INTERVAL: ends, MEDOID: chance}


def legend(columns: Collection[str]) -> list[str]:
    """What the columns of a ranking mean, of those that their names alone do not tell."""
    return [f"{name}: {LEGEND[name]}" for name in columns if name in LEGEND]


def _compact(activity: list[float]) -> str:
    """Activities in the order of the codes, two digits, without the zero before the point."""
    return " ".join(f"{value:.2f}".removeprefix("0") for value in activity)


def agreement_table(agreement: dict[str, Any]) -> Section:
    """Kendall's tau between the methods."""
    names, taus = agreement["methods"], agreement["kendall_tau"]
    rows = [[name, *row] for name, row in zip(names, taus, strict=True)]
    return Section("agreement of methods (Kendall's tau)", columns=["method", *names], rows=rows)


def regret_table(labels: dict[str, Any]) -> Section:
    """What each pick is worth on the labelled data set."""
    columns = ["method", "metric", "pick", "best", "regret", "Kendall's tau", "best model"]
    rows: list[list[object]] = [
        [method, metric, *((worth or {}).get(key) for key in keys)]
        for keys in [("selected", "best", "regret", "kendall_tau", "best_model")]
        for method, metrics in labels["methods"].items()
        for metric, worth in metrics.items()
    ]
    return Section(f"regret of the picks on {labels['dataset']}", columns=columns, rows=rows)


def explanation_table(explanation: Explanation) -> Section:
    """One line for each other model: which of its codes stands for which, and how surely."""
    codes = explanation.matches[0].codes if explanation.matches else ()
    rows: list[list[object]] = []
    for match in explanation.matches:
        counterpart = {code: f"{other} {share:.2f}" for code, other, share in match.pairs}
        rows.append([match.model, match.score, *(counterpart.get(code) for code in codes)])
    title, columns = f"codes of {explanation.model} in other models", ["model", "agreement", *codes]
    return Section(title, columns=columns, rows=rows)

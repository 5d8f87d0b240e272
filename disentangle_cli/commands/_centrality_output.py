"""What ``dcr centrality`` prints: one document, and the tables made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from disentangle_cli import documents
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import versions

if TYPE_CHECKING:
    from disentangle_cli.selection import Ranked, Selection
    from disentangle_cli.selection.explain import Explanation
    from disentangle_cli.selection.pool import Pool


@dataclass(frozen=True)
class Outcome:
    """Everything one run of the command found out."""

    pool: "Pool"
    selections: Sequence["Selection"]
    seed: int
    top: int | None
    agreement: dict[str, Any] | None
    explanation: "Explanation | None"
    labels: dict[str, Any] | None


@dataclass(frozen=True)
class Table:
    """A table under a title."""

    title: str
    columns: list[str]
    rows: list[list[object]]


def document(outcome: Outcome) -> dict[str, Any]:
    """The ``dcr.centrality/1`` document."""
    pool, selections = outcome.pool, outcome.selections
    fields: dict[str, Any] = {
        "models": list(pool.names),
        "duplicates": [{"model": d.model, "same_as": d.same_as} for d in pool.duplicates],
        "families": {member.name: member.family for member in pool.members},
        "datasets": {member.name: member.origin.name for member in pool.members},
        "seed": outcome.seed,
        "device": pool.device,
        "settings": selections[0].settings,
        "methods": {selection.method: selection.to_json(outcome.top) for selection in selections},
        "agreement": outcome.agreement,
    }
    if outcome.explanation is not None:
        fields["explain"] = outcome.explanation.to_json()
    if outcome.labels is not None:
        fields["labels_check"] = outcome.labels
    return documents.document("centrality", **fields)


def show(outcome: Outcome, fmt: Format) -> None:
    """Print to stdout. As CSV there is one table only: the rankings, one below the other."""
    doc = document(outcome)
    if fmt is Format.csv:
        tables = [ranking_table(selection, outcome, full=True) for selection in outcome.selections]
        pairs = zip(outcome.selections, tables, strict=True)
        rows = [[selection.method, *row] for selection, table in pairs for row in table.rows]
        emit(doc, fmt, ["method", *tables[0].columns], rows)
    elif fmt is Format.json:
        emit(doc, fmt, [], [])
    else:
        for table in tables_of(outcome):
            emit(doc, fmt, table.columns, table.rows, title=table.title)


def notes(outcome: Outcome) -> list[str]:
    """What the rankings come to, in words."""
    told = []
    for selection in outcome.selections:
        told.append(f"{selection.method} selects {selection.selected}")
        if selection.balanced not in (None, selection.selected):
            told.append(f"{selection.method} with one voice for each family selects {selection.balanced}")
        if selection.confidence is not None:
            told.append(f"{selection.method}: {selection.confidence['first_against_second']['words']}")
        if images := selection.details.get("images"):
            told.append(f"{selection.method} compared codes on {images['count']} images: {images['source']}")
    return told


def tables_of(outcome: Outcome) -> list[Table]:
    """All tables, the rankings first."""
    tables = [ranking_table(selection, outcome) for selection in outcome.selections]
    if outcome.agreement is not None:
        names, taus = outcome.agreement["methods"], outcome.agreement["kendall_tau"]
        rows = [[name, *row] for name, row in zip(names, taus, strict=True)]
        tables.append(Table("agreement of methods (Kendall's tau)", ["method", *names], rows))
    if outcome.labels is not None:
        tables.append(_regret_table(outcome.labels))
    if outcome.explanation is not None:
        tables.append(_explain_table(outcome.explanation))
    return tables


def ranking_table(selection: "Selection", outcome: Outcome, full: bool = False) -> Table:
    """The ranking of one method; columns that say nothing about this pool are left out unless ``full``."""
    ranked = selection.ranking[: outcome.top]
    columns: dict[str, list[object]] = {
        "rank": [r.rank for r in ranked],
        "model": [r.model for r in ranked],
        "score": [r.score for r in ranked],
        "codes": [r.codes for r in ranked],
    }
    if full or len({r.family for r in selection.ranking}) > 1:
        columns["family"] = [r.family for r in ranked]
        columns["balanced"] = [r.balanced for r in ranked]
    if full or selection.confidence is not None:
        columns |= _interval_columns(ranked, full)
    if activity := selection.details.get("activity"):
        columns["e_c"] = [_compact(activity[r.model]) for r in ranked]
    elif full:
        columns["e_c"] = [None for _ in ranked]
    if outcome.labels is not None:
        for metric in outcome.labels["metrics"]:
            columns[metric] = [outcome.labels["scores"][r.model][metric] for r in ranked]
    return Table(selection.method, list(columns), [list(row) for row in zip(*columns.values(), strict=True)])


def _interval_columns(ranked: Sequence["Ranked"], full: bool) -> dict[str, list[object]]:
    chance: list[object] = [r.medoid_probability for r in ranked]
    if full:
        return {
            "low": [r.interval and r.interval[0] for r in ranked],
            "high": [r.interval and r.interval[1] for r in ranked],
            "p_medoid": chance,
        }
    ends: list[object] = [r.interval and f"{r.interval[0]:.3f}..{r.interval[1]:.3f}" for r in ranked]
    return {"95%": ends, "p_medoid": chance}


def _compact(activity: list[float]) -> str:
    """Activities in the order of the codes, two digits, without the zero before the point."""
    return " ".join(f"{value:.2f}".removeprefix("0") for value in activity)


def _regret_table(labels: dict[str, Any]) -> Table:
    columns = ["method", "metric", "pick", "best", "regret", "kendall_tau", "best_model"]
    rows: list[list[object]] = [
        [method, metric, *((worth or {}).get(key) for key in keys)]
        for keys in [("selected", "best", "regret", "kendall_tau", "best_model")]
        for method, metrics in labels["methods"].items()
        for metric, worth in metrics.items()
    ]
    return Table(f"regret of the picks on {labels['dataset']}", columns, rows)


def _explain_table(explanation: "Explanation") -> Table:
    """One line for each other model: which of its codes stands for which, and how surely."""
    codes = explanation.matches[0].codes if explanation.matches else ()
    rows: list[list[object]] = []
    for match in explanation.matches:
        counterpart = {code: f"{other} {share:.2f}" for code, other, share in match.pairs}
        rows.append([match.model, match.score, *(counterpart.get(code) for code in codes)])
    return Table(f"codes of {explanation.model} in other models", ["model", "agreement", *codes], rows)


def report(outcome: Outcome) -> str:
    """The same as one HTML page, with pictures and settings."""
    from disentangle_cli.rendering.report import Section, page

    first = outcome.selections[0]
    sections = [Section("Result", notes(outcome))]
    sections += [Section(t.title, columns=t.columns, rows=t.rows) for t in tables_of(outcome)]
    sections += [
        Section(f"Matrix of {selection.method}", picture=selection.draw()) for selection in outcome.selections
    ]
    if outcome.explanation is not None:
        picture = outcome.explanation.draw()
        sections.append(Section(f"Matching of {outcome.explanation.model}", picture=picture))
    settings = {**first.settings, "seed": outcome.seed, "device": outcome.pool.device, **versions()}
    rows: list[list[object]] = [[name, value] for name, value in settings.items()]
    sections.append(Section("Settings", columns=["setting", "value"], rows=rows))
    return page(f"dcr centrality: {len(outcome.pool)} models", sections)

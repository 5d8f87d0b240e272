"""``dcr metrics``: what each metric asks, what it needs, and how protocols differ."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disentangle_cli.command_line import completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.measurement.summary import Summary

COLUMNS = ["metric", "question", "range", "needs", "protocols", "paper", "costs"]
SAME = "the same in both"


@examples(
    "dcr metrics",
    "dcr metrics dci mig  # formula, source, known biases, settings of two",
)
def metrics_cli(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="METRIC",
            help="Tell all about these only.",
            **completion.several_of("metrics", separator="_"),
        ),
    ] = None,
    fmt: options.FormatOption = Format.table,
) -> None:
    """List the metrics of dcr score: what each asks, its range, what it needs, whether protocols differ."""
    from disentangle_cli.measurement.metric import METRICS
    from disentangle_cli.measurement.summary import summarise

    wanted = list(dict.fromkeys(options.listed(names))) or [name for name, _ in METRICS.working()]
    found = [summarise(name) for name in wanted]
    doc = document("metrics", metrics=list(map(_document, found)))
    if fmt is Format.table and names:
        for metric in found:
            emit(doc, fmt, ["property", "value"], _block(metric), title=metric.name, prose=["value"])
    else:
        rows = [_row(metric) for metric in found]
        optional = ["costs", "protocols", "paper", "range"]
        emit(doc, fmt, COLUMNS, rows, prose=["question", "range", "needs", "protocols"], optional=optional)


def _document(metric: "Summary") -> dict[str, Any]:
    low, high = metric.range
    return asdict(metric) | {"range": {"low": low, "high": high}}


def _row(metric: "Summary") -> list[object]:
    protocols = SAME if metric.same_under_all else "differ"
    return [
        metric.name, metric.question, metric.range_in_words, metric.needs_in_words, protocols, metric.paper,
        metric.costs,
    ]  # fmt: skip


def _block(metric: "Summary") -> list[list[object]]:
    block: dict[str, object] = {
        "question": metric.question,
        "range": metric.range_in_words,
        "needs": metric.needs_in_words,
        "protocols": SAME if metric.same_under_all else "differ",
        **{f"  {protocol}": _values(values) for protocol, values in metric.changes.items() if values},
        "settings": _values(next(iter(metric.settings.values()))) or "none",
        "other numbers": ", ".join(metric.numbers) or "none",
        "costs": metric.costs,
    }
    rows: list[list[object]] = [[name, value] for name, value in block.items()]
    rows += [["about", text.replace("``", "")] for text in metric.about]
    return rows


def _values(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())

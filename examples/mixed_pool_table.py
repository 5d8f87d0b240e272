"""Markdown tables from the JSON of `dcr centrality --method all --labels-check DATASET`."""

import json
import sys
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def number(value: float | None) -> str:
    """A score with three decimals; nothing where it is null."""
    return "" if value is None else f"{value:.3f}"


def line(cells: list[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def models_table(document: Document) -> str:
    """A row per model, best supervised FactorVAE score first: its scores, and its rank by every method."""
    scores: dict[str, dict[str, float | None]] = document["labels_check"]["scores"]
    metrics: list[str] = document["labels_check"]["metrics"]
    methods: Document = document["methods"]
    ranks = {
        method: {row["model"]: f"{row['rank']} ({number(row['score'])})" for row in found["ranking"]}
        for method, found in methods.items()
    }
    order = sorted(scores, key=lambda name: -(scores[name][metrics[0]] or 0.0))
    rows = [line(["model", *metrics, *methods]), line(["---"] * (1 + len(metrics) + len(methods)))]
    for name in order:
        supervised = [number(scores[name][metric]) for metric in metrics]
        rows.append(line([Path(name).stem, *supervised, *(ranks[method][name] for method in methods)]))
    return "\n".join(rows)


def picks_table(document: Document) -> str:
    """A row per method: its pick, and per metric the regret and Kendall's tau with the supervised ranking."""
    check: Document = document["labels_check"]
    metrics: list[str] = check["metrics"]
    heads = [f"{metric}: {what}" for metric in metrics for what in ("regret", "tau")]
    rows = [line(["method", "pick", *heads]), line(["---"] * (2 + len(heads)))]
    for method, found in document["methods"].items():
        worth = [check["methods"][method][metric] or {} for metric in metrics]
        cells = [number(one.get(key)) for one in worth for key in ("regret", "kendall_tau")]
        rows.append(line([method, Path(found["selected"]).stem, *cells]))
    return "\n".join(rows)


def main() -> None:
    """Print both tables."""
    document = json.loads(Path(sys.argv[1]).read_text())
    print(models_table(document), picks_table(document), sep="\n\n")


if __name__ == "__main__":
    main()

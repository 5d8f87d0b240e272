"""The tables of all metrics, of their invariances and of all arrays in docs/metrics.md.

``python -m disentangle_cli.measurement.table`` prints them; a test compares them with the page.
"""

import typing

from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.metric import METRICS, Change
from disentangle_cli.measurement.protocols import PROTOCOLS
from disentangle_cli.measurement.summary import Summary, summarise


def metrics_table() -> str:
    """Markdown: one row per metric, then the known biases of each."""
    metrics = [summarise(name) for name, _ in METRICS.working()]
    head = ["| key | question | range | other numbers | needs | costs |", "|---|---|---|---|---|---|"]
    rows = [_row(metric) for metric in metrics]
    known = [f"- `{metric.name}`: {_biases(metric)}" for metric in metrics]
    return "\n".join([*head, *rows, "", "Known biases and failure cases:", "", *known])


def invariances_table() -> str:
    """Markdown: for each metric that reads labels, what a change of the labels does to its score."""
    changes = typing.get_args(Change)
    head = [f"| key | {' | '.join(changes)} |", f"|---|{'---|' * len(changes)}"]
    rows = [
        f"| `{name}` | {' | '.join(entry.moved_by.get(change, 'same') for change in changes)} |"
        for name, entry in METRICS.working()
        if reads_labels(name)
    ]
    return "\n".join([*head, *rows])


def reads_labels(name: str) -> bool:
    """Whether the metric ``name`` reads classes, or which factor the images of a group share."""
    read = set().union(*(required_arrays(name, protocol) for protocol in PROTOCOLS))
    return any(ARRAYS[array].kind in ("class", "label") for array in read)


def arrays_table() -> str:
    """Markdown: one row per array that a codes file may hold."""
    rows = [
        f"| `{array.name}` | {array.shape} | {'required; ' * array.required}{array.about} |"
        for array in ARRAYS.values()
    ]
    return "\n".join(["| array | shape | |", "|---|---|---|", *rows])


def _row(metric: Summary) -> str:
    numbers = ", ".join(f"`{part}`" for part in metric.numbers)
    about = (metric.question, metric.range_in_words, numbers, metric.needs_in_words, metric.costs)
    return f"| `{metric.name}` | {' | '.join(about)} |"


def _biases(metric: Summary) -> str:
    """The paragraph of the docstring that names them."""
    start = "Known biases: "
    return next((text.removeprefix(start) for text in metric.about if text.startswith(start)), "none known")


if __name__ == "__main__":
    print(f"{metrics_table()}\n\n{invariances_table()}\n\n{arrays_table()}")  # noqa: T201

"""The tables of all metrics, of their invariances and of all arrays in docs/metrics.md.

``python -m disentangle_cli.measurement.table`` prints them; a test compares them with the page.
"""

import math
import typing

from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.metric import METRICS, PROTOCOLS, Change, Metric


def metrics_table() -> str:
    """Markdown: one row per metric, then the known biases of each."""
    metrics = dict(METRICS.working())
    head = ["| key | question | range | other numbers | needs | costs |", "|---|---|---|---|---|---|"]
    rows = [_row(name, entry) for name, entry in metrics.items()]
    known = [f"- `{name}`: {_paragraph(entry, 'Known biases: ')}" for name, entry in metrics.items()]
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


def _row(name: str, entry: Metric) -> str:
    low, high = entry.bounds
    ends = f"{_end(low)} to {_end(high)}, {'high' if entry.higher_is_better else 'low'} is good"
    question = (entry.function.__doc__ or "").strip().splitlines()[0].rstrip(".")
    parts = ", ".join(f"`{part}`" for part, shape in entry.parts.items() if shape == "number")
    return f"| `{name}` | {question} | {ends} | {parts} | {_needs(name)} | {entry.cost} |"


def _needs(name: str) -> str:
    """Families of arrays, with the protocols named where they differ."""
    reads = [required_arrays(name, protocol) for protocol in PROTOCOLS]
    by_protocol = [[a.needs for a in ARRAYS.values() if a.needs and a.name in read] for read in reads]
    if by_protocol[0] == by_protocol[1]:
        return ", ".join(by_protocol[0])
    return "; ".join(f"{', '.join(f)} ({p})" for f, p in zip(by_protocol, PROTOCOLS, strict=True))


def _end(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else "any"


def _paragraph(entry: Metric, start: str) -> str:
    """The docstring's paragraph that begins with ``start``, without it, on one line."""
    for paragraph in (entry.function.__doc__ or "").split("\n\n"):
        text = " ".join(paragraph.split())
        if text.startswith(start):
            return text.removeprefix(start)
    return "none known"


if __name__ == "__main__":
    print(f"{metrics_table()}\n\n{invariances_table()}\n\n{arrays_table()}")  # noqa: T201

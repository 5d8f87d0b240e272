"""What a metric is, told from its declaration and its docstring."""

import math
from dataclasses import dataclass
from typing import Any

from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.metric import METRICS
from disentangle_cli.measurement.protocols import PAPER, PROTOCOLS
from disentangle_cli.measurement.settings import protocol_settings


@dataclass(frozen=True)
class Summary:
    """One metric.

    Attributes:
        question: what it asks, in a line.
        paper: whether it is one of the seven of ``--metrics paper``.
        range: lowest and highest value; None where there is none.
        numbers: what a result has beside the score and can be gated.
        needs: families of arrays, by protocol.
        settings: what ``--set`` changes, and the values on a data set, by protocol.
        costs: what it takes, in words.
        about: formula, shapes, source, and known biases: a text per paragraph.
    """

    name: str
    question: str
    paper: bool
    range: tuple[float | None, float | None]
    higher_is_better: bool
    numbers: tuple[str, ...]
    needs: dict[str, list[str]]
    settings: dict[str, dict[str, Any]]
    costs: str
    about: tuple[str, ...]

    @property
    def range_in_words(self) -> str:
        """``0 to 1, high is good``."""
        low, high = ("any" if end is None else f"{end:g}" for end in self.range)
        return f"{low} to {high}, {'high' if self.higher_is_better else 'low'} is good"

    @property
    def needs_in_words(self) -> str:
        """Families of arrays, with the protocols named where they differ."""
        first, *others = listed = [", ".join(families) for families in self.needs.values()]
        if all(other == first for other in others):
            return first
        return "; ".join(f"{one} ({protocol})" for one, protocol in zip(listed, self.needs, strict=True))

    @property
    def changes(self) -> dict[str, dict[str, Any]]:
        """The settings whose values differ between protocols, by protocol."""
        first, *_ = self.settings.values()
        keys = [key for key in first if any(values[key] != first[key] for values in self.settings.values())]
        return {name: {key: values[key] for key in keys} for name, values in self.settings.items()}

    @property
    def same_under_all(self) -> bool:
        """Whether no protocol computes it otherwise than the others, from the same arrays."""
        first, *others = self.needs.values()
        return all(needs == first for needs in others) and not any(self.changes.values())


def summarise(name: str) -> Summary:
    """The metric called ``name``.

    Raises:
        UsageError: there is none.
    """
    entry = METRICS.get(name)
    question, *about = [" ".join(part.split()) for part in (entry.function.__doc__ or "").split("\n\n")]
    low, high = (end if math.isfinite(end) else None for end in entry.bounds)
    return Summary(
        name,
        question=question.rstrip(".").replace("``", ""),
        paper=name in PAPER,
        range=(low, high),
        higher_is_better=entry.higher_is_better,
        numbers=tuple(part for part, shape in entry.parts.items() if shape == "number"),
        needs={protocol: _needs(name, protocol) for protocol in PROTOCOLS},
        settings={protocol: protocol_settings(name, protocol, drawn=True) for protocol in PROTOCOLS},
        costs=entry.cost,
        about=tuple(filter(None, about)),
    )


def _needs(name: str, protocol: str) -> list[str]:
    read = required_arrays(name, protocol)
    return [array.needs for array in ARRAYS.values() if array.needs and array.name in read]

"""What each code encodes, in a sentence, from the matrices of a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle_cli.api.score_tables import axes
from disentangle_cli.arraytypes import Doubles

LITTLE = 0.1
"""Part of a factor below which nothing is claimed: the estimate alone gives a code of noise a few percent."""
ALONE, MOSTLY = 1 / 3, 2 / 3
"""The second factor's part of the first's up to which a code encodes one factor, and mostly one."""


@dataclass(frozen=True)
class Encoded:
    """What codes encode.

    Attributes:
        codes: a code and a sentence on it, each.
        factors: a factor and a sentence on it, each.
        source: where the percentages come from.
    """

    codes: list[tuple[str, str]]
    factors: list[tuple[str, str]]
    source: str


_SOURCES = (
    (
        "mig",
        "mutual_information",
        "mutual information over the factor's entropy: how much of the factor one knows who sees this code "
        "alone, in bins of equal width",
    ),
    (
        "dci",
        "importance",
        "the part of all that a regressor needs to predict the factor; it does not say how well it succeeds",
    ),
)


def encoded(result: dict[str, Any], names: Sequence[str]) -> Encoded | None:
    """Sentences on the codes of one model; None where no metric looked at single codes."""
    for name, part, words in _SOURCES:
        metric = result["metrics"].get(name, {})
        if name not in names or not metric.get(part):
            continue
        values = np.array(metric[part], dtype=float)
        codes, factors = axes("codes x factors", metric, values.shape, result["factors"])
        total = np.array(metric["factor_entropy"]) if name == "mig" else values.sum(axis=0)
        shares = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
        return Encoded(
            [(code, of_code(row, factors)) for code, row in zip(codes, shares, strict=True)],
            [(factor, of_factor(row, codes)) for factor, row in zip(factors, shares.T, strict=True)],
            f"{name}.{part}: {words}",
        )
    return None


def of_code(shares: Doubles, factors: Sequence[str]) -> str:
    """What one code encodes, from its part (F,) of each factor."""
    order = np.argsort(-shares, kind="stable")
    best, rest = order[0], order[1:]
    if shares[best] < LITTLE:
        return f"encodes next to nothing: at most {_percent(shares[best])}, of {factors[best]}."
    if not len(rest):
        return f"encodes {_told(shares, factors, best)}."
    second = rest[0]
    if shares[second] <= ALONE * shares[best]:
        most = f"at most {_percent(shares[second])}, of {factors[second]}"
        return f"encodes {_told(shares, factors, best)} and hardly anything else ({most})."
    if shares[second] <= MOSTLY * shares[best]:
        return f"encodes mostly {_told(shares, factors, best)}, but also {_told(shares, factors, second)}."
    return f"mixes {_together(shares, factors)}."


def of_factor(shares: Doubles, codes: Sequence[str]) -> str:
    """Which codes tell one factor, from the part (K,) that each has of it."""
    order = np.argsort(-shares, kind="stable")
    best = order[0]
    if shares[best] < LITTLE:
        return f"is told by no code: at most {_percent(shares[best])}, by {codes[best]}."
    if len(order) > 1 and shares[order[1]] > MOSTLY * shares[best]:
        return f"is spread over {_together(shares, codes)}."
    return f"is told best by {_told(shares, codes, best)}."


def _together(shares: Doubles, names: Sequence[str]) -> str:
    """The largest and all that come near it."""
    order = np.argsort(-shares, kind="stable")
    told = [_told(shares, names, k) for k in order if shares[k] > MOSTLY * shares[order[0]]]
    return f"{', '.join(told[:-1])} and {told[-1]}"


def _told(shares: Doubles, names: Sequence[str], k: int) -> str:
    return f"{names[k]} ({_percent(shares[k])})"


def _percent(share: float) -> str:
    return f"{share:.0%}"

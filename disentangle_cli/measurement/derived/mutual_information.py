"""Mutual information between binned codes and factors."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats, Ints
from disentangle_cli.classes import binned
from disentangle_cli.measurement.derived.parts import Parts
from disentangle_cli.measurement.metric import Undefined, derived


@dataclass(frozen=True, eq=False)
class Information:
    """Plug-in estimates in nats.

    Attributes:
        matrix: (K, F') mutual information.
        entropy: (F',) of each factor.
        code_entropy: (K,) of each binned code.
    """

    matrix: Doubles
    entropy: Doubles
    code_entropy: Doubles = field(default_factory=lambda: np.zeros(0))


@derived
def mutual_information(
    parts: Parts, *, bins: Annotated[int, "Equal-width bins per code."] = 20
) -> Information:
    """I(code; factor) of every pair over the rows to learn from.

    Codes are cut into ``bins`` equal-width bins between their own minimum and maximum (Locatello et al.
    2019, appendix; the same in the InfoGAN-CR code). Biased upwards by about (bins - 1)(classes - 1) / 2N
    nats; equal widths make it sensitive to outliers.

    Raises:
        Undefined: ``bins`` is below 2.
    """
    if bins < 2:
        raise Undefined("mutual information needs at least two bins")
    classes = parts.train.classes
    binned = discretise(parts.train.codes, bins)
    matrix = [[pair_information(code, factor) for factor in classes.T] for code in binned.T]
    factor_entropy, code_entropy = (
        np.array([entropy(np.bincount(column)) for column in columns.T]) for columns in (classes, binned)
    )
    return Information(np.array(matrix), factor_entropy, code_entropy)


def discretise(codes: Floats, bins: int) -> Ints:
    """Equal-width bin of every entry within its column's range, 0..bins-1: (N, K) -> (N, K)."""
    return np.stack([binned(column, bins) for column in np.asarray(codes).T], axis=1)


def pair_information(a: Ints, b: Ints) -> float:
    """Plug-in mutual information in nats of two columns of small class ids from 0."""
    width = int(b.max()) + 1
    table = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width)
    information = entropy(table.sum(0)) + entropy(table.sum(1)) - entropy(table)
    return max(information, 0.0)


def entropy(counts: Ints) -> float:
    """Entropy in nats of a table of counts of any shape."""
    counts = counts[counts > 0]
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())

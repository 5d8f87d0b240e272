"""Which images of a data set each family of samples holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Ints
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.datasets import Dataset
from disentangle_cli.measurement.families import Family
from disentangle_cli.scoring.plan import Plan

MANY = 5_000_000


@dataclass(frozen=True, eq=False)
class Draw:
    """What the arrays of one family are made of, in the order of the table of arrays.

    Attributes:
        images: rows of the data set, any shape, for each array of codes.
        given: the arrays after these, as they are.
    """

    images: tuple[Ints, ...]
    given: tuple[np.ndarray, ...] = ()


def draw(dataset: Dataset, plan: Plan, family: Family, seed: int, repeat: int) -> Draw:
    """Choose the images of one family of :data:`DRAWS`.

    Rows (n,); reference (n,); groups (M, L); pairs (P, B) twice. The order of the draws is fixed by seed,
    repeat and family alone.
    """
    return DRAWS[family](dataset, plan, np.random.default_rng([seed, repeat, family]))


def _rows(dataset: Dataset, plan: Plan, rng: np.random.Generator) -> Draw:
    rows = dataset.draw(rng, plan.rows + plan.test_rows)
    continuous = np.array([factor.continuous for factor in dataset.factors])
    halves = np.split(np.arange(len(rows)), [plan.rows]) if plan.test_rows else []
    return Draw((rows,), (dataset.classes(rows), dataset.values(rows), continuous, *halves))


def _reference(dataset: Dataset, plan: Plan, rng: np.random.Generator) -> Draw:
    if plan.distinct_reference and plan.reference <= len(dataset):
        return Draw((rng.choice(len(dataset), plan.reference, replace=False).astype(np.int64),))
    return Draw((dataset.draw(rng, plan.reference),))


def _groups(dataset: Dataset, plan: Plan, rng: np.random.Generator, count: int) -> Draw:
    """Groups that share a random value of their factor."""
    labels = _labels(dataset, plan, rng, count)
    groups = np.empty((count, plan.group_size), np.int64)
    for k in np.unique(labels):
        chosen = labels == k
        likes = np.repeat(dataset.draw(rng, int(chosen.sum())), plan.group_size)
        groups[chosen] = dataset.draw_like(rng, int(k), likes).reshape(-1, plan.group_size)
    return Draw((groups,), (labels,))


def _pairs(dataset: Dataset, plan: Plan, rng: np.random.Generator, count: int) -> Draw:
    """Batches of any images, each beside another with the same value of the batch's factor."""
    labels = _labels(dataset, plan, rng, count)
    first = dataset.draw(rng, count * plan.pair_size).reshape(count, plan.pair_size)
    second = np.empty_like(first)
    for k in np.unique(labels):
        chosen = labels == k
        likes = first[chosen].reshape(-1)
        second[chosen] = dataset.draw_like(rng, int(k), likes).reshape(-1, plan.pair_size)
    return Draw((first, second), (labels,))


DRAWS: Mapping[Family, Callable[[Dataset, Plan, np.random.Generator], Draw]] = {
    Family.ROWS: _rows,
    Family.REFERENCE: _reference,
    Family.GROUPS: lambda dataset, plan, rng: _groups(dataset, plan, rng, plan.groups),
    Family.EVAL_GROUPS: lambda dataset, plan, rng: _groups(dataset, plan, rng, plan.eval_groups),
    Family.PAIRS: lambda dataset, plan, rng: _pairs(dataset, plan, rng, plan.pairs),
    Family.EVAL_PAIRS: lambda dataset, plan, rng: _pairs(dataset, plan, rng, plan.eval_pairs),
}
"""How each family of images of the data set is drawn; those that a model makes are in ``images``."""


def _labels(dataset: Dataset, plan: Plan, rng: np.random.Generator, count: int) -> Ints:
    varying = np.array([k for k, factor in enumerate(dataset.factors) if factor.size > 1], np.int64)
    turn = rng.integers(0, len(varying), count) if plan.random_labels else np.arange(count) % len(varying)
    return varying[turn]


def no_groups(dataset: Dataset) -> str | None:
    """Why groups of images that share a factor value cannot be drawn from a labelled set, or None.

    Some factor must have two values. A full grid has enough images of each; otherwise every value that occurs
    must occur at least twice.
    """
    if all(factor.size < 2 for factor in dataset.factors):
        return f"{dataset.name}: no factor has more than one value"
    if isinstance(dataset, GridDataset) or len(dataset) > MANY:
        return None
    table = dataset.classes(np.arange(len(dataset)))
    for factor, column in zip(dataset.factors, table.T, strict=True):
        counts = np.bincount(column, minlength=factor.size)
        alone = np.flatnonzero(counts == 1)
        if len(alone) and factor.size > 1:
            return (
                f"{dataset.name}: {len(alone)} value(s) of factor {factor.name}, e.g. "
                f"{factor.values[alone[0]]:g}, have one image, and groups need at least two; merge values "
                "(real ones with --set data.factor_bins=10) or leave the factor out with --factors"
            )
    return None

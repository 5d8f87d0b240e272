"""How many images a protocol draws, and which."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.data.grid import GridDataset
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError

IntArray = NDArray[np.int64]
MANY = 5_000_000


@dataclass(frozen=True)
class Plan:
    """Sample counts of a protocol.

    Attributes:
        rows: images drawn with their factors (all, or the training half).
        test_rows: images of the test half; 0: nothing is held out.
        reference: images for the global scale of each code.
        groups, eval_groups: groups of ``group_size`` images that share one factor value.
        pairs, eval_pairs: batches of ``pair_size`` pairs that share one factor value.
        reconstructions: images encoded and decoded.
        generated: images drawn from the prior, and real ones beside them where they are compared.
        random_labels: the shared factor is drawn; otherwise the factors take turns.
        distinct_reference: the reference images are drawn without replacement.
    """

    rows: int
    test_rows: int
    reference: int
    groups: int
    eval_groups: int
    group_size: int
    pairs: int
    eval_pairs: int
    pair_size: int
    reconstructions: int
    generated: int
    random_labels: bool
    distinct_reference: bool


SETTABLE = tuple(field.name for field in dataclasses.fields(Plan) if field.type == "int" or field.type is int)
MINIMUM = {
    "test_rows": 0,
    "eval_groups": 0,
    "pairs": 0,
    "eval_pairs": 0,
    "group_size": 2,
    "reconstructions": 1,
    "generated": 2,
}


def plan_for(protocol: str, images: int, changes: Mapping[str, int] | None = None) -> Plan:
    """The counts of ``protocol`` for a data set of ``images`` images.

    ``infogan-cr``: 500 groups of 100, factors in turn; a tenth of the data set (73,728 of dSprites) for
    scale and for rows, but at least 10,000 or, for the scale, all there are. ``disentanglement-lib``: the
    study's 10,000 and 5,000 with batches of 64.
    """
    if protocol == "infogan-cr":
        tenth = max(images // 10, 10_000)
        plan = Plan(tenth, 0, min(tenth, images), 500, 0, 100, 0, 0, 0, 2_000, 10_000, False, True)
    else:
        plan = Plan(10_000, 5_000, 10_000, 10_000, 5_000, 64, 10_000, 5_000, 64, 2_000, 10_000, True, False)
    return dataclasses.replace(plan, **dict[str, Any](changes or {}))


def read_plan_settings(pairs: Iterable[str]) -> dict[str, int]:
    """Read ``data.key=value`` strings, e.g. ``data.groups=200``.

    Raises:
        UsageError: an unknown key, or not a whole number in range.
    """
    changes: dict[str, int] = {}
    for pair in pairs:
        path, _, text = pair.partition("=")
        key = path.removeprefix("data.")
        if key not in SETTABLE:
            known = ", ".join(f"data.{name}" for name in SETTABLE)
            raise UsageError(f"--set {pair}: there is no data.{key}; there are {known}")
        least = MINIMUM.get(key, 1)
        if not text.isdecimal() or not least <= int(text) <= 10**8:
            raise UsageError(f"--set {pair}: write a whole number from {least}")
        changes[key] = int(text)
    return changes


FAMILIES = (
    "rows",
    "reference",
    "groups",
    "eval_groups",
    "pairs",
    "eval_pairs",
    "reconstructions",
    "generated",
)
"""What is drawn separately; each has its own random stream, so that asking for less changes no number."""

IMAGE_FAMILIES = ("reconstructions", "generated")
"""Families of images that the model makes itself."""

_READS = {
    "rows": ("codes", "factors"),
    "reference": ("reference_codes",),
    "groups": ("group_codes",),
    "eval_groups": ("eval_group_codes",),
    "pairs": ("pair_codes_1",),
    "eval_pairs": ("eval_pair_codes_1",),
}


def families_for(arrays: set[str]) -> list[str]:
    """The families that the metric arrays called ``arrays`` come from."""
    return [family for family, read in _READS.items() if arrays & set(read)]


@dataclass(frozen=True, eq=False)
class Draw:
    """Indices of one family, any shape whose first axis counts samples, and labels where it has them."""

    indices: IntArray
    labels: IntArray | None = None


def draw(dataset: Dataset, plan: Plan, family: str, seed: int, repeat: int) -> Draw:
    """Choose the images of one family.

    Rows (n,); reference (n,); groups (M, L); pairs (2, P, B). The order of the draws is fixed by seed,
    repeat and family alone.
    """
    rng = np.random.default_rng([seed, repeat, FAMILIES.index(family)])
    if family == "rows":
        return Draw(dataset.draw(rng, plan.rows + plan.test_rows))
    if family == "reference":
        if plan.distinct_reference and plan.reference <= len(dataset):
            return Draw(rng.choice(len(dataset), plan.reference, replace=False).astype(np.int64))
        return Draw(dataset.draw(rng, plan.reference))
    labels = _labels(dataset, plan, rng, getattr(plan, family))
    if family.endswith("groups"):
        return Draw(draw_groups(dataset, rng, labels, plan.group_size), labels)
    first = dataset.draw(rng, len(labels) * plan.pair_size).reshape(len(labels), plan.pair_size)
    return Draw(np.stack([first, _partners(dataset, rng, first, labels)]), labels)


def _labels(dataset: Dataset, plan: Plan, rng: np.random.Generator, count: int) -> IntArray:
    varying = np.array([k for k, factor in enumerate(dataset.factors) if factor.size > 1], np.int64)
    if not len(varying):
        raise UsageError(f"data set {dataset.name}: no factor has more than one value, nothing can be scored")
    turn = rng.integers(0, len(varying), count) if plan.random_labels else np.arange(count) % len(varying)
    return varying[turn]


def too_few_images(dataset: Dataset) -> str | None:
    """Why groups of images that share a factor value cannot be drawn from a finite labelled set, or None.

    A full grid always has enough; otherwise every value that occurs must occur at least twice.
    """
    sizes = [factor.size for factor in dataset.factors if factor.size > 1]
    if isinstance(dataset, GridDataset) or not sizes or len(dataset) > MANY:
        return None
    table = dataset.classes(np.arange(len(dataset)))
    for factor, column in zip(dataset.factors, table.T, strict=True):
        counts = np.bincount(column, minlength=factor.size)
        alone = np.flatnonzero(counts == 1)
        if len(alone) and factor.size > 1:
            return (
                f"{dataset.name}: {len(alone)} value(s) of factor {factor.name}, e.g. "
                f"{factor.values[alone[0]]:g}, have one image, and groups need at least two; merge values or "
                "leave the factor out with --factors"
            )
    return None


def draw_groups(dataset: Dataset, rng: np.random.Generator, labels: IntArray, size: int) -> IntArray:
    """Per label, ``size`` images that share a random value of that factor: (M,) -> (M, size)."""
    groups = np.empty((len(labels), size), np.int64)
    for k in np.unique(labels):
        chosen = labels == k
        value = dataset.classes(dataset.draw(rng, int(chosen.sum())))[:, k]
        groups[chosen] = dataset.draw_fixed(rng, int(k), np.repeat(value, size)).reshape(-1, size)
    return groups


def _partners(dataset: Dataset, rng: np.random.Generator, first: IntArray, labels: IntArray) -> IntArray:
    """Per image of ``first (P, B)``, another with the same value of the batch's factor."""
    second = np.empty_like(first)
    for k in np.unique(labels):
        chosen = labels == k
        values = dataset.classes(first[chosen].reshape(-1))[:, k]
        second[chosen] = dataset.draw_fixed(rng, int(k), values).reshape(-1, first.shape[1])
    return second

"""Resampled arrays: what another draw of the same size might have given."""

import dataclasses
import itertools

import numpy as np

from disentangle_cli.arraytypes import Ints
from disentangle_cli.measurement.arrays import ARRAYS, Arrays, arrays_of
from disentangle_cli.measurement.evaluate import with_split
from disentangle_cli.measurement.families import Family


def resampled(arrays: Arrays, rng: np.random.Generator, seed: int) -> Arrays:
    """``arrays`` with every kind of sample drawn anew from itself, with replacement.

    Rows are drawn within each half, so that no test row is learnt from; groups and pairs are drawn whole,
    and those of each factor from those of the same factor.
    """
    arrays = with_split(arrays, seed)
    changes: dict[str, object] = {}
    if arrays.codes is not None:
        halves = [np.arange(len(arrays.codes))]
        if arrays.train_rows is not None and arrays.test_rows is not None:
            halves = [arrays.train_rows, arrays.test_rows]
        drawn = [rng.choice(half, len(half)) for half in halves]
        rows = np.concatenate(drawn)
        alike = [a.name for a in arrays_of(Family.ROWS) if a.axes[0] == ARRAYS["codes"].axes[0]]
        changes = {name: arrays.get(name)[rows] for name in alike if arrays.get(name) is not None}
        if len(drawn) == 2:
            cut = len(drawn[0])
            changes |= {"train_rows": np.arange(cut), "test_rows": np.arange(cut, len(rows))}
    others = [a for a in ARRAYS.values() if a.family is not Family.ROWS and arrays.get(a.name) is not None]
    for _, group in itertools.groupby(others, lambda array: (array.family, array.axes[0])):
        values = {array.name: arrays.get(array.name) for array in group}
        anything = np.zeros(len(next(iter(values.values()))))
        labels = [value for name, value in values.items() if ARRAYS[name].kind == "label"]
        rows = _within(labels[0] if labels else anything, rng)
        changes |= {name: value[rows] for name, value in values.items()}
    return dataclasses.replace(arrays, **changes)  # type: ignore[arg-type]


def _within(labels: np.ndarray, rng: np.random.Generator) -> Ints:
    """Row numbers drawn with replacement among the rows of equal label: (M,) -> (M,)."""
    rows = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        rows[here] = rng.choice(here, len(here))
    return rows

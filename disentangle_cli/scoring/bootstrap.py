"""Resampled arrays: what another draw of the same size might have given."""

import dataclasses

import numpy as np

from disentangle_cli.measurement.arrays import NAMES
from disentangle_cli.measurement.evaluate import with_split
from disentangle_cli.metrics import Arrays

_ROWS = ("codes", "factors", "factor_values")
_TOGETHER = (
    ("reference_codes",),
    ("group_codes", "group_labels"),
    ("eval_group_codes", "eval_group_labels"),
    ("pair_codes_1", "pair_codes_2", "pair_labels"),
    ("eval_pair_codes_1", "eval_pair_codes_2", "eval_pair_labels"),
    ("squared_errors",),
    ("class_probabilities",),
    ("real_features",),
    ("generated_features",),
)


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
        changes = {n: arrays.get(n)[rows] for n in _ROWS if arrays.get(n) is not None}
        if len(drawn) == 2:
            cut = len(drawn[0])
            changes |= {"train_rows": np.arange(cut), "test_rows": np.arange(cut, len(rows))}
    for names in _TOGETHER:
        if arrays.get(names[0]) is None:
            continue
        rows = _within(arrays.get(names[-1]) if len(names) > 1 else np.zeros(len(arrays.get(names[0]))), rng)
        changes |= {name: arrays.get(name)[rows] for name in names}
    assert set(changes) <= set(NAMES)
    return dataclasses.replace(arrays, **changes)  # type: ignore[arg-type]


def _within(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Row numbers drawn with replacement among the rows of equal label: (M,) -> (M,)."""
    rows = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        rows[here] = rng.choice(here, len(here))
    return rows

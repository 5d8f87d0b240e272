"""Representations whose scores are known without a reference."""

import math
from typing import Any

import numpy as np

from disentangle_cli.metrics import Arrays

SIZES = (3, 4, 5)


def factors(rows: int = 600, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, size, rows) for size in SIZES], axis=1)


def arrays(code: Any, seed: int = 0, **changes: Any) -> Arrays:
    """All arrays for the representation ``code``: class ids (..., F) -> codes (..., K)."""
    rng = np.random.default_rng(seed)
    truth = factors(seed=seed)
    labels = np.arange(60) % len(SIZES)

    def grouped(size: int) -> np.ndarray:
        drawn = np.stack([rng.integers(0, s, (len(labels), size)) for s in SIZES], axis=2)
        for group, label in zip(drawn, labels, strict=True):
            group[:, label] = group[0, label]
        return drawn

    def paired() -> tuple[np.ndarray, np.ndarray]:
        first, second = grouped(8), grouped(8)
        for i, label in enumerate(labels):
            second[i, :, label] = first[i, :, label]
        return code(first), code(second)

    pairs, eval_pairs = paired(), paired()
    made = {
        "codes": code(truth),
        "factors": truth,
        "factor_values": truth / (np.array(SIZES) - 1),
        "is_continuous": np.ones(len(SIZES), bool),
        "reference_codes": code(factors(seed=seed + 1)),
        "group_codes": code(grouped(10)),
        "group_labels": labels,
        "eval_group_codes": code(grouped(10)),
        "eval_group_labels": labels,
        "pair_codes_1": pairs[0],
        "pair_codes_2": pairs[1],
        "pair_labels": labels,
        "eval_pair_codes_1": eval_pairs[0],
        "eval_pair_codes_2": eval_pairs[1],
        "eval_pair_labels": labels,
    }
    return Arrays(**(made | changes))


def identity(classes: np.ndarray) -> np.ndarray:
    return classes / (np.array(SIZES) - 1) * 2 - 1


def rotated(classes: np.ndarray) -> np.ndarray:
    """Codes 1 and 2 turned by 45 degrees."""
    codes = identity(classes)
    a, b = codes[..., 0].copy(), codes[..., 1].copy()
    codes[..., 0], codes[..., 1] = (a + b) / math.sqrt(2), (a - b) / math.sqrt(2)
    return codes


def with_dead(classes: np.ndarray) -> np.ndarray:
    return np.concatenate([identity(classes), np.full((*classes.shape[:-1], 1), 0.7)], axis=-1)


def duplicated(classes: np.ndarray) -> np.ndarray:
    return np.concatenate([identity(classes), identity(classes)], axis=-1)


def single(classes: np.ndarray) -> np.ndarray:
    return identity(classes)[..., :1]


def two_of_three(classes: np.ndarray) -> np.ndarray:
    return identity(classes)[..., :2]


def constant(classes: np.ndarray) -> np.ndarray:
    return np.full((*classes.shape[:-1], 3), 0.7)

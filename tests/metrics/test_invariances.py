"""What may be done to labels without moving a score; docs/metrics.md has the table."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle_cli.measurement.metric import Change
from disentangle_cli.measurement.table import reads_labels
from disentangle_cli.metrics import METRICS, PROTOCOLS, Arrays, evaluate

NAMES = [name for name in METRICS.names() if reads_labels(name)]
QUICK = {"dci": {"trees": 3}, "z_min_variance": {"votes": 60, "size": 6}}
LABELS = ("group_labels", "eval_group_labels", "pair_labels", "eval_pair_labels")
ROWS, GROUPS = 150, 30

Given = dict[str, Any]


def representation(seed: int, sizes: list[int], values: bool) -> Given:
    """All arrays that metrics of labels read, for codes that mix the factors and some noise."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(len(sizes), 3))

    def coded(classes: np.ndarray) -> np.ndarray:
        clean = classes / (np.array(sizes) - 1) @ mix
        return clean + 0.1 * rng.normal(size=clean.shape)

    def drawn(*shape: int) -> np.ndarray:
        return np.stack([rng.integers(0, size, shape) for size in sizes], axis=-1)

    labels = np.arange(GROUPS) % len(sizes)

    def grouped() -> np.ndarray:
        groups = drawn(GROUPS, 6)
        for group, label in zip(groups, labels, strict=True):
            group[:, label] = group[0, label]
        return coded(groups)

    truth = drawn(ROWS)
    truth[: max(sizes)] = np.arange(max(sizes))[:, None] % sizes  # every class occurs
    found: Given = {"codes": coded(truth), "factors": truth, "reference_codes": coded(drawn(80))}
    found |= {"group_codes": grouped(), "eval_group_codes": grouped()}
    found |= {f"{prefix}pair_codes_{n}": grouped() for prefix in ("", "eval_") for n in (1, 2)}
    found |= dict.fromkeys(LABELS, labels) | {"is_continuous": rng.random(len(sizes)) < 0.5}
    return found | ({"factor_values": np.sqrt(truth + 1.0)} if values else {})


def with_ids(arrays: Given, ids: Callable[[int], np.ndarray]) -> Given:
    columns = [ids(int(column.max()) + 1)[column] for column in arrays["factors"].T]
    return arrays | {"factors": np.stack(columns, axis=1)}


def renumbered(arrays: Given, rng: np.random.Generator) -> Given:
    """Ids that begin anywhere and leave some out, in the same order."""
    return with_ids(arrays, lambda size: np.sort(rng.choice(5 * size, size, replace=False)))


def shuffled(arrays: Given, rng: np.random.Generator) -> Given:
    return with_ids(arrays, rng.permutation)


def constant(arrays: Given, rng: np.random.Generator) -> Given:
    """A factor of one value anywhere, with groups and pairs of its own."""
    count = arrays["factors"].shape[1]
    place = int(rng.integers(count + 1))
    found = {k: np.insert(v, place, 7, axis=-1) for k, v in arrays.items() if k.startswith("factor")}
    found["is_continuous"] = np.insert(arrays["is_continuous"], place, bool(rng.integers(2)))
    for name in LABELS:
        moved = arrays[name] + (arrays[name] >= place)
        found[name] = np.append(moved, [place, place])
    more = {
        k: np.append(v, v[:2], axis=0) for k, v in arrays.items() if "pair_codes" in k or "group_codes" in k
    }
    return arrays | found | more


def permuted(arrays: Given, rng: np.random.Generator) -> Given:
    order = rng.permutation(arrays["factors"].shape[1])
    found = {k: v[..., order] for k, v in arrays.items() if k.startswith("factor") or k == "is_continuous"}
    return arrays | found | {name: np.argsort(order)[arrays[name]] for name in LABELS}


CHANGES: dict[str, Callable[[Given, np.random.Generator], Given]] = {
    "renumbered": renumbered, "shuffled": shuffled, "constant": constant, "permuted": permuted,
}  # fmt: skip


def scores(arrays: Given, protocol: str) -> dict[str, float | None]:
    found = evaluate(NAMES, Arrays(**arrays), protocol=protocol, settings=QUICK)
    return {name: result["score"] for name, result in found.items()}


def test_all_changes_are_tried() -> None:
    assert set(CHANGES) == set(get_args(Change))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(2, 7), min_size=2, max_size=5),
    values=st.booleans(),
)
def test_no_score_moves(protocol: str, seed: int, sizes: list[int], values: bool) -> None:
    arrays = representation(seed, sizes, values)
    before = scores(arrays, protocol)
    for change, apply in CHANGES.items():
        after = scores(apply(arrays, np.random.default_rng(seed)), protocol)
        moved = {n: (before[n], after[n]) for n in NAMES if before[n] != pytest.approx(after[n], abs=1e-6)}
        stated = {name for name in NAMES if change in METRICS.get(name).moved_by}
        assert {name: pair for name, pair in moved.items() if name not in stated} == {}, change

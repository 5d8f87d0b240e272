"""How many images a protocol draws."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from disentangle_cli.errors import UsageError


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

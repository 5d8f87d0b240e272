"""From a model and a data set to the arrays that metrics want."""

from typing import Any

import numpy as np

from disentangle_cli.data.repeats import warn_of_repeats
from disentangle_cli.datasets import Dataset
from disentangle_cli.measurement.arrays import arrays_of, families_of
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.metric import undefined
from disentangle_cli.metrics import Arrays
from disentangle_cli.output import warn
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.draws import DRAWS, draw, no_groups
from disentangle_cli.scoring.early import GROUPED, Scale, codes_until_settled
from disentangle_cli.scoring.images import MADE
from disentangle_cli.scoring.plan import Plan


def collect(
    cache: CodeCache,
    dataset: Dataset,
    plan: Plan,
    wanted: set[str],
    seed: int,
    repeat: int = 0,
    early: Scale | None = None,
) -> Arrays:
    """Draw and encode what the metric arrays called ``wanted`` need; every image at most once.

    With ``early`` groups end when their votes relative to that scale are settled.
    """
    families = families_of(wanted)
    missing: dict[str, str] = {}
    remarks: dict[str, str] = {}
    shared = [family for family in families if any(array.kind == "label" for array in arrays_of(family))]
    if shared and (problem := no_groups(dataset)):
        warn(problem)
        missing = {array.name: problem for family in shared for array in arrays_of(family)}
        families = [family for family in families if family not in shared]
    draws = {f: draw(dataset, plan, f, seed, repeat) for f in families if f in DRAWS}
    if Family.ROWS in draws and repeat == 0:
        warn_of_repeats(dataset, plan.rows + plan.test_rows, "data.rows")
    whole = [family for family in draws if early is None or family not in GROUPED]
    if whole:
        cache.fill(np.concatenate([rows.reshape(-1) for f in whole for rows in draws[f].images]))
    arrays: dict[str, Any] = {"factor_names": tuple(factor.name for factor in dataset.factors)}
    for family, found in draws.items():
        noise = np.random.default_rng([seed, repeat, family, 1])
        if early is not None and family in GROUPED:
            codes, sizes = codes_until_settled(
                cache, found.images[0], noise, early(arrays["reference_codes"])
            )
            names = [array.name for array in arrays_of(family)]
            arrays |= zip(names, (codes, *found.given, sizes), strict=True)
            continue
        values = [*(cache.codes(rows, noise) for rows in found.images), *found.given]
        arrays |= zip((array.name for array in arrays_of(family)), values, strict=False)
    for family in (family for family in families if family in MADE):
        try:
            made, remark = MADE[family](cache.model, dataset, plan, seed, repeat)
        except Exception as error:  # metrics of other families have their numbers
            what = " and ".join(array.needs for array in arrays_of(family) if array.needs)
            missing |= dict.fromkeys((a.name for a in arrays_of(family)), str(undefined(error, what)))
            continue
        names = [array.name for array in arrays_of(family)]
        arrays |= zip(names, made, strict=True)
        remarks |= dict.fromkeys(names, remark) if remark else {}
    arrays["images"] = len(dataset)
    return Arrays(**arrays, missing=missing, remarks=remarks)

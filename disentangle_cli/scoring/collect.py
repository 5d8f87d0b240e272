"""From a model and a data set to the arrays that metrics want."""

from typing import Any

import numpy as np

from disentangle_cli.datasets import Dataset
from disentangle_cli.metrics import Arrays
from disentangle_cli.output import warn
from disentangle_cli.scoring.encoding import Encoder
from disentangle_cli.scoring.images import image_arrays
from disentangle_cli.scoring.plan import (
    FAMILIES,
    IMAGE_FAMILIES,
    Draw,
    Plan,
    draw,
    families_for,
    too_few_images,
)


def collect(
    encoder: Encoder, dataset: Dataset, plan: Plan, wanted: set[str], seed: int, repeat: int = 0
) -> Arrays:
    """Draw and encode what the metric arrays called ``wanted`` need; every image at most once."""
    families = [f for f in families_for(wanted) if f not in IMAGE_FAMILIES]
    missing: dict[str, str] = {}
    if any(f.endswith(("groups", "pairs")) for f in families) and (problem := too_few_images(dataset)):
        warn(problem)
        missing = {f"{f.removesuffix('s')}_codes{'_1' * f.endswith('pairs')}": problem for f in families}
        families = [f for f in families if not f.endswith(("groups", "pairs"))]
    draws = {family: draw(dataset, plan, family, seed, repeat) for family in families}
    if draws:
        encoder.fill(np.concatenate([d.indices.reshape(-1) for d in draws.values()]))
    arrays: dict[str, Any] = {"factor_names": tuple(factor.name for factor in dataset.factors)}
    for family, found in draws.items():
        noise = np.random.default_rng([seed, repeat, FAMILIES.index(family), 1])
        arrays |= _arrays(family, found, encoder.codes(found.indices, noise))
    if "rows" in draws:
        arrays |= _truth(dataset, draws["rows"].indices, plan)
    made = image_arrays(encoder.model, dataset, plan, wanted, seed, repeat)
    arrays |= made | {"missing": missing | made["missing"]}
    return Arrays(**arrays)


def _arrays(family: str, found: Draw, codes: Any) -> dict[str, Any]:
    if family == "rows":
        return {"codes": codes}
    if family == "reference":
        return {"reference_codes": codes}
    prefix = family.removesuffix("s")
    if family.endswith("groups"):
        return {f"{prefix}_codes": codes, f"{prefix}_labels": found.labels}
    return {f"{prefix}_codes_1": codes[0], f"{prefix}_codes_2": codes[1], f"{prefix}_labels": found.labels}


def _truth(dataset: Dataset, indices: Any, plan: Plan) -> dict[str, Any]:
    truth = {
        "factors": dataset.classes(indices),
        "factor_values": dataset.values(indices),
        "is_continuous": np.array([factor.continuous for factor in dataset.factors]),
    }
    if plan.test_rows:
        truth["train_rows"] = np.arange(plan.rows)
        truth["test_rows"] = np.arange(plan.rows, plan.rows + plan.test_rows)
    return truth

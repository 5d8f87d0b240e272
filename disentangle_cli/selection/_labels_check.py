"""For studies with labels at hand: what each method's pick is worth, against the best of the pool."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.output import progress
from disentangle_cli.scoring import score
from disentangle_cli.selection._agreement import kendall, scores_of
from disentangle_cli.selection._base import Selection
from disentangle_cli.selection._cache import ArrayCache
from disentangle_cli.selection._pool import Member, Pool

METRICS = ("factor_vae", "dci", "mig")
PROTOCOL = "infogan-cr"

Scores = dict[str, dict[str, float | None]]


def open_labelled(spec: str, pool: Pool) -> Dataset:
    """Open the data set of a labels check.

    Raises:
        UsageError: it is not there, has images of another size, or has no labels.
    """
    channels, height, _ = pool.members[0].image_shape
    dataset = open_dataset(spec, size=height, channels=channels)
    if not dataset.factors:
        raise UsageError(f"--labels-check {spec}: the data set has no factor labels")
    return dataset


def supervised_scores(pool: Pool, dataset: Dataset, seed: int, cache: bool) -> Scores:
    """Score every model as ``dcr score`` does by default, under name and metric; kept on disk."""
    return {
        member.name: _scores(member, dataset, seed, cache, pool.device)
        for member in progress(pool.members, desc="supervised scores", unit="model")
    }


def _scores(member: Member, dataset: Dataset, seed: int, cache: bool, device: str) -> dict[str, float | None]:
    kept = ArrayCache(cache)
    path = kept.path(
        supervised=member.identity, dataset=dataset.fingerprint, metrics=METRICS, scoring=PROTOCOL,
        seed=seed, device=device,
    )  # fmt: skip
    if (found := kept.load(path, "scores")) is not None and found[0].shape == (len(METRICS),):
        values = found[0]
    else:
        result = score(member.model, dataset, metrics=",".join(METRICS), protocol=PROTOCOL, seed=seed)
        given = [result["metrics"][name]["score"] for name in METRICS]
        values = np.array([np.nan if value is None else value for value in given])
        kept.save(path, scores=values)
    return {
        name: None if np.isnan(value) else float(value) for name, value in zip(METRICS, values, strict=True)
    }


def labels_check(selections: Sequence[Selection], scores: Scores, dataset: Dataset) -> dict[str, Any]:
    """The ``labels_check`` entry of the document: scores of all models, and regret of all methods."""
    return {
        "dataset": dataset.name,
        "protocol": PROTOCOL,
        "metrics": list(METRICS),
        "scores": scores,
        "methods": {
            selection.method: {metric: _worth(selection, scores, metric) for metric in METRICS}
            for selection in selections
        },
    }


def _worth(selection: Selection, scores: Scores, metric: str) -> dict[str, Any] | None:
    """Score of the pick, best score of the pool, their difference, and Kendall's tau of both rankings."""
    column = [scores[name][metric] for name in selection.models]
    known = {name: value for name, value in zip(selection.models, column, strict=True) if value is not None}
    picked = known.get(selection.selected)
    if picked is None:
        return None
    best = max(known, key=lambda name: known[name])
    return {
        "selected": picked,
        "best": known[best],
        "best_model": best,
        "regret": known[best] - picked,
        "kendall_tau": kendall(scores_of(selection), column),
    }

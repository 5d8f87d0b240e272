"""For studies with labels at hand: what each method's pick is worth, against the best of the pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.datasets import Dataset, absolute, open_dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import Control, run_tasks
from disentangle_cli.output import progress
from disentangle_cli.scoring import Options, score_one
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.ranking import kendall, number, scores_of
from disentangle_cli.selection.selection import Selection, Task

METRICS = ("factor_vae", "dci", "mig")
PROTOCOL = "infogan-cr"
SCORING = f"{PROTOCOL} 2"
"""Part of the names of kept scores: of another number where the same labels give other scores."""

Scores = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class _Job:
    """One model: what a worker gets, and all it needs."""

    member: Member
    dataset: str
    metrics: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return self.member.name

    def run(self, _: Control) -> Doubles:
        """Open the data set and score."""
        return self.score(open_labelled(self.dataset, self.member))

    def score(self, dataset: Dataset) -> Doubles:
        """The scores in the order of ``metrics``; NaN where there is none."""
        options = Options(metrics=",".join(self.metrics), protocol=PROTOCOL, seed=self.seed)
        result = score_one(self.member.model, dataset, options)
        return np.array([result["metrics"][name]["score"] for name in self.metrics], np.float64)  # None: NaN


def open_labelled(spec: str, member: Member) -> Dataset:
    """Open the data set of a labels check as a model of the pool needs it.

    Raises:
        UsageError: it is not there, has images of another size, or has no labels.
    """
    channels, height, _ = member.image_shape
    skip = member.origin.skip_broken
    dataset = open_dataset(spec, size=height, channels=channels, skip_broken=skip)
    if not dataset.factors:
        raise UsageError(f"--labels-check {spec}: {dataset.unlabelled}")
    return dataset


def supervised_scores(task: Task, spec: str, dataset: Dataset) -> Scores:
    """Score every model as ``dcr score`` does by default, under name and metric; kept on disk."""
    cache, members = ArrayCache(task.cache), task.pool.members
    paths = [
        cache.path(
            supervised=member.identity, dataset=dataset.fingerprint, labels=dataset.label_digest,
            metrics=METRICS, scoring=SCORING, seed=task.seed, device=task.pool.device,
        )
        for member in members
    ]  # fmt: skip
    found: dict[int, Doubles] = {}
    for k, path in enumerate(paths):
        kept = cache.load(path, "scores")
        if kept is not None and kept[0].shape == (len(METRICS),):
            found[k] = kept[0]
    missing = [k for k in range(len(members)) if k not in found]
    jobs = [_Job(members[k], absolute(spec), METRICS, task.seed) for k in missing]
    here = task.executor == "local" and task.at_once == 1
    with progress(total=len(missing), desc="supervised scores", unit="model") as bar:
        # workers open the data set themselves; in this process it is open
        score = (lambda job, _: job.score(dataset)) if here else _Job.run
        for place, values in run_tasks(score, jobs, executor=task.executor, jobs=task.at_once):
            found[missing[place]] = values
            cache.save(paths[missing[place]], scores=values)
            bar.update()
    return {
        member.name: dict(zip(METRICS, map(number, found[k]), strict=True))
        for k, member in enumerate(members)
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

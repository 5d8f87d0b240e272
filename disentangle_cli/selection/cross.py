"""Cross evaluation: every encoder votes on the groups of every generator.

Pairs whose votes are on disk are not evaluated again. The rest is split by generator, and by encoder
where there are more processes than generators; how it is split changes no number.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from disentangle_cli.executors import Control, run_tasks
from disentangle_cli.output import progress
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.selection.evaluation import Job, evaluate
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import CrossVotes, Votes

VOTED_BY = {"encode", "precision", "groups_per_code", "group_size", "full_groups", "scale_images"}
"""Settings that votes depend on."""
MAX_ENCODERS = 32
"""Encoders that share one pass over a generator's images; a larger pool makes the images again."""


def cross_votes(
    task: Task, columns: Sequence[list[int]], pairs: Iterable[tuple[int, int]] | None = None
) -> CrossVotes:
    """The votes of pairs of the pool.

    Args:
        task: pool, seed, settings and means.
        columns: for each generator the latent dimensions that are held fixed in turn; a model with none
            takes no part, neither as generator nor as encoder.
        pairs: (encoder, generator) to evaluate; None: all that take part.
    """
    if pairs is None:
        taking_part = [k for k, held in enumerate(columns) if held]
        pairs = ((i, j) for j in taking_part for i in taking_part)
    cache = ArrayCache(task.cache)
    found: CrossVotes = {}
    missing: dict[int, list[int]] = {}
    for i, j in pairs:
        if (votes := _load(cache, _path(cache, task, i, j, columns[j]))) is None:
            missing.setdefault(j, []).append(i)
        else:
            found[i, j] = votes
    split = _split(task, missing)
    jobs = jobs_of(task, columns, missing)
    expected = [job.images for job in jobs]
    with progress(total=sum(expected), desc="votes", unit="images") as bar:
        control = Control(advance=bar.update)
        for number, results in run_tasks(
            evaluate, jobs, executor=task.executor, jobs=task.at_once, control=control
        ):
            j, encoders = split[number]
            for i, votes in zip(encoders, results, strict=True):
                _save(cache, _path(cache, task, i, j, columns[j]), votes)
                found[i, j] = votes
            expected[number] = jobs[number].images_taken(results)
            bar.total = sum(expected)
    return found


def jobs_of(task: Task, columns: Sequence[list[int]], missing: dict[int, list[int]]) -> list[Job]:
    """What is to be done for pairs: ``missing`` has the encoders of each generator."""
    members = task.pool.members
    return [
        Job(members[j], tuple(members[i] for i in encoders), columns[j], task.seed, task.settings)
        for j, encoders in _split(task, missing)
    ]


def is_evaluated(task: Task, i: int, j: int, columns: list[int]) -> bool:
    """Whether the votes of encoder i on generator j are on disk."""
    return task.cache and _path(ArrayCache(task.cache), task, i, j, columns).exists()


def _load(cache: ArrayCache, path: Path) -> Votes | None:
    arrays = cache.load(path, "votes", "labels", "alive", "scale_images")
    if arrays is None:
        return None
    votes, labels, alive, scale_images = arrays
    if votes.shape != labels.shape or votes.ndim != 1 or not votes.size or votes.max() >= len(alive):
        return None
    return Votes(votes.astype(np.int64), labels.astype(np.int64), alive.astype(bool), int(scale_images))


def _save(cache: ArrayCache, path: Path, votes: Votes) -> None:
    cache.save(
        path,
        votes=votes.votes.astype(np.int32),
        labels=votes.labels.astype(np.int32),
        alive=votes.alive,
        scale_images=np.array(votes.scale_images),
    )


def _path(cache: ArrayCache, task: Task, i: int, j: int, columns: list[int]) -> Path:
    return cache.path(
        encoder=task.pool.members[i].identity,
        generator=task.pool.members[j].identity,
        columns=columns,
        seed=task.seed,
        device=task.pool.device,
        **task.settings.model_dump(include=VOTED_BY),
    )


def _split(task: Task, missing: dict[int, list[int]]) -> list[tuple[int, list[int]]]:
    """Generators, each with encoders that share one pass over its images."""
    most = MAX_ENCODERS
    if task.at_once is not None:
        # no job above a fair share, or the one new generator of a grown pool would keep one process busy
        pairs = sum(map(len, missing.values()))
        most = min(most, -(-pairs // task.at_once))
    return [
        (j, encoders[start : start + most])
        for j, encoders in missing.items()
        for start in range(0, len(encoders), most)
    ]

"""Cross evaluation: every encoder votes on the groups of every generator.

Pairs whose votes are on disk are not evaluated again. The rest is split by generator, and by encoder
where there are more processes than generators; how it is split changes no number.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle_cli.output import progress
from disentangle_cli.selection._base import Task
from disentangle_cli.selection._cache import ArrayCache
from disentangle_cli.selection._evaluate import evaluate
from disentangle_cli.selection._pool import Member
from disentangle_cli.selection._settings import Settings
from disentangle_cli.selection._votes import CrossVotes, Votes

MAX_ENCODERS = 64
"""Encoders that share one pass over a generator's images; a larger pool makes the images again."""


@dataclass(frozen=True)
class _Job:
    """Some encoders on one generator; it writes its votes, so that a lost one costs itself only."""

    generator: int
    encoders: tuple[int, ...]
    paths: tuple[Path, ...]
    members: tuple[Member, ...]
    columns: list[int]
    seed: int
    settings: Settings
    cache: ArrayCache

    @property
    def images(self) -> int:
        """How many images it encodes."""
        groups = self.settings.groups_per_code * len(self.columns)
        return len(self.encoders) * (groups * self.settings.group_size + self.settings.scale_images)

    def run(self, advance: Callable[[int], object] = lambda images: None) -> list[Votes]:
        """Evaluate, keep the votes and return them in the order of ``encoders``."""
        generator, *encoders = self.members
        results = evaluate(generator, encoders, self.columns, self.seed, self.settings, advance)
        for path, votes in zip(self.paths, results, strict=True):
            self.cache.save(
                path,
                votes=votes.votes.astype(np.int32),
                labels=votes.labels.astype(np.int32),
                alive=votes.alive,
            )
        return results


def cross_votes(task: Task, columns: Sequence[list[int]]) -> CrossVotes:
    """The votes of all pairs of the pool.

    Args:
        task: pool, seed, settings and means.
        columns: for each generator the latent dimensions that are held fixed in turn; a model with none
            takes no part, neither as generator nor as encoder.
    """
    cache = ArrayCache(task.cache)
    found: CrossVotes = {}
    missing: dict[int, list[tuple[int, Path]]] = {}
    taking_part = [k for k, held in enumerate(columns) if held]
    for j in taking_part:
        for i in taking_part:
            path = _path(cache, task, i, j, columns[j])
            votes = _load(cache, path)
            if votes is None:
                missing.setdefault(j, []).append((i, path))
            else:
                found[i, j] = votes
    jobs = _split(task, cache, columns, missing)
    with progress(total=sum(job.images for job in jobs), desc="cross evaluation", unit="img") as bar:
        for job, results in _carry_out(jobs, task.jobs, bar.update):
            found |= {(i, job.generator): votes for i, votes in zip(job.encoders, results, strict=True)}
    return found


def _load(cache: ArrayCache, path: Path) -> Votes | None:
    arrays = cache.load(path, "votes", "labels", "alive")
    if arrays is None:
        return None
    votes, labels, alive = arrays
    if votes.shape != labels.shape or votes.ndim != 1 or not votes.size or votes.max() >= len(alive):
        return None
    return Votes(votes.astype(np.int64), labels.astype(np.int64), alive.astype(bool))


def _path(cache: ArrayCache, task: Task, i: int, j: int, columns: list[int]) -> Path:
    settings = task.settings
    return cache.path(
        encoder=task.pool.members[i].identity,
        generator=task.pool.members[j].identity,
        columns=columns,
        seed=task.seed,
        encode=settings.encode,
        groups_per_code=settings.groups_per_code,
        group_size=settings.group_size,
        scale_images=settings.scale_images,
        device=task.pool.device,
    )


def _split(
    task: Task, cache: ArrayCache, columns: Sequence[list[int]], missing: dict[int, list[tuple[int, Path]]]
) -> list[_Job]:
    pairs = sum(map(len, missing.values()))
    # no job above a fair share, or the one new generator of a grown pool would keep one process busy alone
    most = min(MAX_ENCODERS, -(-pairs // task.jobs))
    jobs = []
    for j, entries in missing.items():
        for start in range(0, len(entries), most):
            encoders, paths = zip(*entries[start : start + most], strict=True)
            members = tuple(task.pool.members[k] for k in (j, *encoders))
            jobs.append(_Job(j, encoders, paths, members, columns[j], task.seed, task.settings, cache))
    return jobs


def _carry_out(
    jobs: list[_Job], processes: int, advance: Callable[[int], object]
) -> Iterator[tuple[_Job, list[Votes]]]:
    if processes == 1 or len(jobs) < 2:
        for job in jobs:
            yield job, job.run(advance)
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = Parallel(n_jobs=min(processes, len(jobs)), return_as="generator_unordered")
        for number, results in parallel(delayed(_in_worker)(number, job) for number, job in enumerate(jobs)):
            advance(jobs[number].images)
            yield jobs[number], results


def _in_worker(number: int, job: _Job) -> tuple[int, list[Votes]]:
    import torch

    torch.set_num_threads(1)
    return number, job.run()

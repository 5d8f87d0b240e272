"""How much each code of a generator does, without labels and without a posterior.

The activity of code c is e_c = E|G(l) - G(l with c drawn anew)|^2 / E|G(l) - G(l')|^2 over prior samples
l, l', everything else shared: the part of the images' variation that goes with this code alone. It is 0
for a code that G ignores, whatever kind of model G belongs to.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import Control
from disentangle_cli.output import progress, warn
from disentangle_cli.selection import draws
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.selection import Task

_BLOCK = 250


def activity(member: Member, task: Task, advance: Callable[[int], object] | None = None) -> Doubles:
    """(K,) activity of each code of a generator, at least 0; kept on disk like all evaluations.

    ``advance`` hears of images as they are made.
    """
    cache, path = ArrayCache(task.cache), _path(member, task)
    if (found := cache.load(path, "activity")) is not None:
        return found[0]
    measured = _measure(
        member,
        f"{task.seed}/{member.identity}",
        task.settings.pairs_of_activity,
        advance or Control().advance,
    )
    cache.save(path, activity=measured)
    return measured


def is_measured(member: Member, task: Task) -> bool:
    """Whether the activity of a model's codes is on disk."""
    return task.cache and _path(member, task).exists()


def images_of_activity(members: Sequence[Member], task: Task) -> int:
    """How many images are made for the activity of codes that is not on disk."""
    each = [task.settings.pairs_of_activity * (2 + member.latents.num_codes) for member in members]
    return sum(images for images, member in zip(each, members, strict=True) if not is_measured(member, task))


def _path(member: Member, task: Task) -> Path:
    pairs, device = task.settings.pairs_of_activity, task.pool.device
    return ArrayCache(task.cache).path(activity=member.identity, pairs=pairs, seed=task.seed, device=device)


def active_codes(task: Task) -> tuple[list[list[int]], dict[str, Any]]:
    """The active codes of each model (latent dimensions), and all activities for the document."""
    columns, activities, members = [], {}, task.pool.members
    with progress(total=images_of_activity(members, task), desc="activity of codes", unit="images") as bar:
        for member in members:
            bar.tell(member.name)
            measured = activity(member, task, bar.update)
            activities[member.name] = measured.tolist()
            active = np.flatnonzero(measured >= task.settings.activity_threshold)
            columns.append([member.latents.code_columns[code] for code in active])
    return columns, {"activity": activities}


def played_codes(task: Task, columns: list[list[int]]) -> list[list[int]]:
    """The codes that are held fixed: none of a model with fewer than two active ones, it has no choice.

    Raises:
        UsageError: fewer than two models have two active codes, or there are too few groups to hold some out.
    """
    if task.settings.groups_per_code < 2:
        raise UsageError("--inactive auto scores on held-out groups, so groups_per_code must be at least 2")
    played = [codes if len(codes) > 1 else [] for codes in columns]
    for member, codes in zip(task.pool.members, played, strict=True):
        if not codes:
            warn(f"{member.name} has fewer than two active codes; it is ranked last, without a score")
    if sum(map(bool, played)) < 2:
        raise UsageError("fewer than two models have two active codes or more; try --inactive keep")
    return played


def _measure(member: Member, name: str, pairs: int, advance: Callable[[int], object]) -> Doubles:
    model, columns = member.model, member.latents.code_columns
    alone, total = np.zeros(len(columns)), 0.0
    for start in range(0, pairs, _BLOCK):
        stream = draws.stream(name, "activity", start)
        count = min(_BLOCK, pairs - start)
        first, second = (model.sample_latents(_BLOCK, stream)[:count] for _ in range(2))
        images = model.generate(first)
        total += _distance(images, model.generate(second))
        advance(2 * count)
        for code, column in enumerate(columns):
            changed = first.clone()
            changed[:, column] = second[:, column]
            alone[code] += _distance(images, model.generate(changed))
            advance(count)
    return alone / total if total > 0 else alone


def _distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Sum of squared differences over everything."""
    return float((first - second).double().square().sum())

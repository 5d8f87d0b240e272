"""The Python entry point of selection."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disentangle_cli.models import AnyModel
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.selection import METHODS, Selection, Task
from disentangle_cli.selection.settings import Settings


def select(
    models: Sequence[str | Path | AnyModel],
    method: str = "model-centrality",
    seed: int = 0,
    *,
    device: str = "cpu",
    jobs: int | None = None,
    cache: bool = True,
    executor: str = "local",
    force: bool = False,
    **settings: Any,
) -> Selection:
    """Rank models without labels and pick the best.

    Args:
        models: at least two distinct ones: paths of checkpoints, objects that follow
            :class:`disentangle_cli.models.AnyModel`, or both. Objects are called ``model 1``,
            ``model 2`` and so on, by position.
        method: a name in :data:`disentangle_cli.selection.METHODS`.
        seed: of every random draw; the same seed and the same models give the same numbers.
        device: where models named by path run (``cpu`` or ``cuda``).
        jobs: evaluations at once; with more than one, objects must be picklable. None: one here, on a
            cluster as many as it takes.
        executor: where evaluations run: ``local``, ``dask``, ``dask=ADDRESS``, ``ray`` or ``ray=ADDRESS``.
        cache: keep evaluations on disk and use them again.
        force: rank models that were trained on different data sets all the same.
        settings: see :class:`disentangle_cli.selection.Settings`, e.g. ``groups_per_code=20``.

    Raises:
        UsageError: fewer than two distinct models, models that cannot be compared, a broken file, or
            an unknown method or setting.
    """
    chosen = Settings().with_options(**settings)
    run = METHODS.get(method)
    return run(Task(load_pool(models, device, force), seed, chosen, jobs, cache, executor))

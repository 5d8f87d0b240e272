"""Which runs can be trained as one stack."""

import itertools
from collections.abc import Sequence

from disentangle_cli.errors import UsageError
from disentangle_cli.executors import split_spec
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training.spec import Run


def check_stacked_here(executor: str) -> None:
    """Raise UsageError when seeds cannot be stacked where they are trained."""
    if split_spec(executor)[0] != "local":
        raise UsageError(f"--stack trains on this machine; leave out --stack or --executor {executor}")


def check_stackable(run: Run) -> None:
    """Raise UsageError when seeds of a configuration cannot be stacked."""
    kind = MODELS.get(run.model)
    if not kind.stackable:
        able = [name for name, kind in MODELS.working() if kind.stackable]
        raise UsageError(
            f"--stack: {run.model} cannot be stacked, only {' and '.join(able)}; leave --stack out"
        )
    if reason := kind.stands_alone(run.config):
        raise UsageError(f"--stack: {reason}")


def split_into_stacks(runs: Sequence[Run], jobs: int) -> list[list[Run]]:
    """Runs of one configuration together, each such group in ``jobs`` parts of almost the same size."""
    stacks: list[list[Run]] = []
    keys = [(run.model, run.dataset, run.config.model_dump_json()) for run in runs]
    for key in dict.fromkeys(keys):
        group = [run for run, its in zip(runs, keys, strict=True) if its == key]
        ends = [len(group) * part // jobs for part in range(jobs + 1)]
        stacks += [group[a:b] for a, b in itertools.pairwise(ends) if a < b]
    return stacks

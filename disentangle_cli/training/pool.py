"""Pools: many runs of one request, one process each."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from disentangle_cli import output
from disentangle_cli.datasets import Dataset
from disentangle_cli.devices import pick_device
from disentangle_cli.errors import Interrupted, RunError, UsageError
from disentangle_cli.executors import Control, cores, ends_of, split_spec
from disentangle_cli.tasks.ended import Done
from disentangle_cli.tasks.signals import caught_signals
from disentangle_cli.training.announce import announce
from disentangle_cli.training.cluster import train_on_cluster
from disentangle_cli.training.outcome import Outcome, is_late, not_started, without_end
from disentangle_cli.training.run import prepare_all
from disentangle_cli.training.spec import Run
from disentangle_cli.training.stack import check_stackable, check_stacked_here, split_into_stacks
from disentangle_cli.training.together import train_together


def train_pool(
    runs: Sequence[Run], jobs: int | None = None, executor: str = "local", stack: bool = False
) -> list[Outcome]:
    """Train all ``runs``, ``jobs`` at a time; a failed run does not stop the others.

    On this machine a run alone, or one after the other, uses all cores in this process; of several at a time
    each has a process and its share of the cores. On a cluster each run is one task. A signal makes every
    run save and stop.

    Args:
        runs: what to train.
        jobs: runs at a time. None: one per core, but one on a GPU; on a cluster as many as it takes.
        executor: as in :func:`~disentangle_cli.executors.run_tasks`.
        stack: train runs of one configuration as one computation (of several ``jobs``, each a part of them).

    Raises:
        UsageError: two runs would write the same checkpoint, a run cannot start or be stacked, or no such
            executor.
    """
    check_distinct(runs)
    local = split_spec(executor)[0] == "local"
    if stack:
        check_stacked_here(executor)
        check_stackable(runs[0])
    ended = _ended_here(runs, jobs, stack) if local else _ended_on_cluster(runs, jobs, executor)
    if len(runs) == 1:
        return list(ended) or [not_started(runs[0])]
    outcomes: dict[Path, Outcome] = {}
    never = (not_started(run) for run in runs if run.checkpoint not in outcomes)
    with output.progress(total=len(runs), desc="pool", unit="runs", gathers=True) as bar:
        for outcome in itertools.chain(ended, never):
            outcomes[outcome.run.checkpoint] = outcome
            _report(outcome)
            bar.update()
    return [outcomes[run.checkpoint] for run in runs]


def check_distinct(runs: Sequence[Run]) -> None:
    """Refuse runs that would write the same checkpoint.

    Raises:
        UsageError: two runs have one name.
    """
    if len({run.checkpoint for run in runs}) < len(runs):
        raise UsageError("two runs of the pool would write the same checkpoint; give them different names")


def raise_failures(outcomes: Sequence[Outcome]) -> None:
    """Raise Interrupted, UsageError or RunError when any run of a pool did not complete."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if not failed:
        return
    first = failed[0].error
    assert first is not None
    if len(outcomes) == 1:
        raise first
    stopped = any(isinstance(outcome.error, Interrupted) for outcome in failed)
    count = f"{len(failed)} of {len(outcomes)} runs"
    if stopped:
        raise Interrupted(f"{count} are not complete; --resume goes on with them")
    # bad input only where no run could have gone well; the caller has to change the command
    kind = UsageError if all(isinstance(outcome.error, UsageError) for outcome in outcomes) else RunError
    raise kind(f"{count} failed: {', '.join(o.run.stem for o in failed)}; the first one: {first}")


def _ended_here(runs: Sequence[Run], jobs: int | None, stack: bool) -> Iterator[Outcome]:
    if many := len(runs) > 1:  # a single run checks itself, and tells of itself
        prepared = prepare_all(runs)
        runs = [run for run, _ in prepared]
        announce_here(runs, prepared[0][1], jobs, stack)
    groups, at_once = _divided(runs, jobs, stack)
    tasks = [_Task(group, index >= at_once, announced=many) for index, group in enumerate(groups)]
    return _carry_out(tasks, at_once)


def announce_here(runs: Sequence[Run], dataset: Dataset, jobs: int | None, stack: bool) -> None:
    """Tell what is trained on this machine, and how long that may take.

    ``runs`` are prepared, ``dataset`` is that of the first; for the others see :func:`train_pool`.
    """
    groups, at_once = _divided(runs, jobs, stack)
    threads = cores() // at_once if at_once > 1 else torch.get_num_threads()
    announce(runs, dataset, at_once, max(1, threads), stacked=len(groups[0]))


def _divided(runs: Sequence[Run], jobs: int | None, stack: bool) -> tuple[list[list[Run]], int]:
    """Runs that are trained by one process each, and how many processes there are at once."""
    groups = split_into_stacks(runs, jobs or 1) if stack else [[run] for run in runs]
    return groups, min(jobs or (1 if stack else _at_once(runs[0])), len(groups))


def _ended_on_cluster(runs: Sequence[Run], jobs: int | None, executor: str) -> Iterator[Outcome]:
    # what this machine has for a device does not matter there
    prepared = prepare_all([replace(run, device="cpu") for run in runs])
    fitted = [replace(run, config=one.config) for run, (one, _) in zip(runs, prepared, strict=True)]
    announce(fitted, prepared[0][1], jobs or len(fitted), 1, where=executor)
    return train_on_cluster(fitted, [dataset for _, dataset in prepared], executor, jobs)


def _at_once(run: Run) -> int:
    """Runs at a time where nobody says it: a process per core and a thread each give the most iterations."""
    return 1 if pick_device(run.device).type == "cuda" else cores()


@dataclass(frozen=True)
class _Task:
    """A run, or a stack of them; ``waited``: not among the first; ``announced``: it was told of."""

    runs: Sequence[Run]
    waited: bool
    announced: bool


def _carry_out(tasks: Sequence[_Task], at_once: int) -> Iterator[Outcome]:
    """Even a run that is killed costs only itself."""
    with caught_signals() as stop:
        control = Control(stop)
        for index, ended in ends_of(_train, tasks, jobs=at_once, control=control, repeat=False):
            if isinstance(ended, Done):
                yield from ended.result
            else:
                yield from (without_end(run, ended, bool(stop)) for run in tasks[index].runs)


def _train(task: _Task, control: Control) -> list[Outcome]:
    if control.stop or (task.waited and is_late(task.runs[0])):
        return [not_started(run) for run in task.runs]
    return train_together(task.runs, control.stop, announced=task.announced)


def _report(outcome: Outcome) -> None:
    if outcome.error is None:
        output.log(f"done: {outcome.run.checkpoint}")
    else:
        output.warn(str(outcome.error))

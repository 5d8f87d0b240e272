"""Pools: many runs of one request, one process each."""

import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.config import parse_assignment
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import DcrError, Interrupted, RunError, UsageError
from disentangle_cli.training.run import train
from disentangle_cli.training.spec import Run

MAX_RUNS = 10_000


@dataclass(frozen=True)
class Outcome:
    """How one run of a pool ended: ``error`` is None when its checkpoint is complete."""

    run: Run
    error: str | None = None
    interrupted: bool = False


def parse_seeds(text: str) -> list[int]:
    """``"0-4,7"`` -> [0, 1, 2, 3, 4, 7]; ranges include both ends.

    Raises:
        UsageError: not of that form, empty, or more than 10,000 seeds.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if match is None:
            raise UsageError(f"--seeds {text!r}: write it like 0-4 or 0,2,5")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < first + MAX_RUNS:
            raise UsageError(f"--seeds {text!r}: a range goes up, over at most {MAX_RUNS} seeds")
        seeds += range(first, last + 1)
    return list(dict.fromkeys(seeds))


def parse_sweeps(sweeps: Sequence[str]) -> list[list[str]]:
    """``["a.b=1,10", "c=x,y"]`` -> the four lists of assignments, e.g. ``["a.b=1", "c=x"]``.

    Raises:
        UsageError: not of the form ``name=value,value``, or more than 10,000 combinations.
    """
    axes = []
    for sweep in sweeps:
        key, values = parse_assignment(sweep)
        if not all(value.strip() for value in values.split(",")):
            raise UsageError(f"--sweep {sweep!r}: write it like {key}=1,10,20")
        axes.append([f"{key}={value.strip()}" for value in values.split(",")])
    combinations = [list(chosen) for chosen in itertools.islice(itertools.product(*axes), MAX_RUNS + 1)]
    if len(combinations) > MAX_RUNS:
        raise UsageError(f"--sweep: more than {MAX_RUNS} combinations")
    return combinations


def train_pool(runs: Sequence[Run], jobs: int = 1) -> list[Outcome]:
    """Train all ``runs``, ``jobs`` at a time; a failed run does not stop the others.

    With one job the runs go one after the other in this process and use all cores; with more, each gets
    a process and its share of the cores.

    Raises:
        UsageError: two runs would write the same checkpoint.
    """
    names = [run.checkpoint for run in runs]
    if len(set(names)) < len(names):
        raise UsageError("two runs of the pool would write the same checkpoint; give them different names")
    if jobs == 1 or len(runs) == 1:
        return _one_after_another(runs)
    from joblib import Parallel, delayed

    # One process opens the data set first, so that a cache is made once and not by all at the same time.
    for spec in dict.fromkeys(run.dataset for run in runs):
        config = runs[0].config
        open_dataset(spec, size=config.data.size, channels=config.data.channels)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    pool = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    outcomes: dict[Path, Outcome] = {}
    with output.progress(total=len(runs), desc="pool", unit="run") as bar:
        for outcome in pool(delayed(_in_worker)(run, threads) for run in runs):
            outcomes[outcome.run.checkpoint] = outcome
            _report(outcome)
            bar.update()
    return [outcomes[name] for name in names]


def raise_failures(outcomes: Sequence[Outcome]) -> None:
    """Raise Interrupted or RunError when any run of a pool did not complete."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if len(outcomes) == 1 and failed:
        raise (Interrupted if failed[0].interrupted else RunError)(failed[0].error)
    if any(outcome.interrupted for outcome in failed):
        raise Interrupted(
            f"{len(failed)} of {len(outcomes)} runs are not complete; --resume goes on with them"
        )
    if failed:
        names = ", ".join(outcome.run.stem for outcome in failed)
        raise RunError(f"{len(failed)} of {len(outcomes)} runs failed: {names}")


def _one_after_another(runs: Sequence[Run]) -> list[Outcome]:
    if len(runs) == 1:
        return [Outcome(runs[0])] if train(runs[0]) else []
    outcomes = []
    for run in runs:
        outcomes.append(_attempt(run))
        _report(outcomes[-1])
        if outcomes[-1].interrupted:  # the signal was meant for the pool
            rest = runs[len(outcomes) :]
            return outcomes + [Outcome(left, "not started", interrupted=True) for left in rest]
    return outcomes


def _attempt(run: Run) -> Outcome:
    try:
        train(run)
    except Interrupted as error:
        return Outcome(run, str(error), interrupted=True)
    except DcrError as error:
        return Outcome(run, str(error))
    except Exception as error:
        return Outcome(run, f"{run.stem}: {type(error).__name__}: {error}")
    return Outcome(run)


def _in_worker(run: Run, threads: int) -> Outcome:
    import torch

    torch.set_num_threads(threads)
    return _attempt(run)


def _report(outcome: Outcome) -> None:
    if outcome.error is None:
        output.log(f"done: {outcome.run.checkpoint}")
    else:
        output.warn(outcome.error)

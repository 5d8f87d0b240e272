"""Pools: many runs of one request, one process each."""

import itertools
import multiprocessing
import os
import re
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.config import parse_assignment
from disentangle_cli.errors import DcrError, Interrupted, RunError, UsageError
from disentangle_cli.reporting import describe
from disentangle_cli.training._signals import caught_signals
from disentangle_cli.training.run import prepare, train
from disentangle_cli.training.spec import Run

MAX_RUNS = 10_000


@dataclass(frozen=True)
class Outcome:
    """How one run of a pool ended: ``error`` is None when its checkpoint is complete."""

    run: Run
    error: DcrError | None = None


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
        chosen = split_values(values)
        if not all(chosen):
            raise UsageError(f"--sweep {sweep!r}: write it like {key}=1,10,20")
        axes.append([f"{key}={value}" for value in chosen])
    combinations = [list(one) for one in itertools.islice(itertools.product(*axes), MAX_RUNS + 1)]
    if len(combinations) > MAX_RUNS:
        raise UsageError(f"--sweep: more than {MAX_RUNS} combinations")
    return combinations


def split_values(text: str) -> list[str]:
    """Split at commas that are not inside brackets or braces."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def train_pool(runs: Sequence[Run], jobs: int = 1) -> list[Outcome]:
    """Train all ``runs``, ``jobs`` at a time; a failed run does not stop the others.

    With one job the runs go one after the other in this process and use all cores; with more, each gets
    a process and its share of the cores. A signal makes every run save and stop.

    Raises:
        UsageError: two runs would write the same checkpoint, or a run cannot start.
    """
    names = [run.checkpoint for run in runs]
    if len(set(names)) < len(names):
        raise UsageError("two runs of the pool would write the same checkpoint; give them different names")
    if len(runs) > 1:  # a single run checks itself
        for run in {(run.dataset, run.config.model_dump_json()): run for run in runs}.values():
            prepare(run)  # also makes a data set's cache once, and not by all at the same time
    with output.progress(total=len(runs), desc="pool", unit="run") as bar:
        outcomes: dict[Path, Outcome] = {}
        for outcome in _in_processes(runs, jobs) if jobs > 1 and len(runs) > 1 else _in_turn(runs):
            outcomes[outcome.run.checkpoint] = outcome
            if len(runs) > 1:
                _report(outcome)
            bar.update()
    return [outcomes[name] for name in names]


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
    raise RunError(f"{count} failed: {', '.join(o.run.stem for o in failed)}; the first one: {first}")


def _in_turn(runs: Sequence[Run]) -> Iterator[Outcome]:
    with caught_signals() as stop:
        for index, run in enumerate(runs):
            late = index > 0 and _is_late(run)
            yield _not_started(run) if stop or late else _attempt(run, stop)


def _in_processes(runs: Sequence[Run], jobs: int) -> Iterator[Outcome]:
    """One process per run, so that even one that is killed costs only itself."""
    from joblib import Parallel, delayed

    live: list[BaseProcess] = []
    threads = max(1, (os.cpu_count() or 1) // jobs)
    scheduler = Parallel(n_jobs=jobs, backend="threading", batch_size=1, return_as="generator_unordered")

    def forward() -> None:
        for process in list(live):
            process.terminate()

    with caught_signals(forward) as stop:
        yield from scheduler(
            delayed(_watch)(run, threads, live, stop, waited=index >= jobs) for index, run in enumerate(runs)
        )


def _watch(run: Run, threads: int, live: list[BaseProcess], stop: list[str], waited: bool) -> Outcome:
    """Start a run in a process of its own and wait for its outcome; ``waited``: not among the first."""
    if stop or (waited and _is_late(run)):
        return _not_started(run)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, run, threads, output.debugging()))
    process.start()
    live.append(process)
    sender.close()
    try:
        outcome: Outcome = receiver.recv()
    except EOFError:
        process.join()
        outcome = Outcome(run, RunError(f"{run.stem}: its process died (exit code {process.exitcode})"))
    process.join()
    live.remove(process)
    return outcome


def _work(sender: Any, run: Run, threads: int, debug: bool) -> None:
    import torch

    os.setsid()  # a terminal's Ctrl-C is for the parent, which passes it on as SIGTERM
    output.configure(debug=debug)
    torch.set_num_threads(threads)
    with caught_signals() as stop:
        sender.send(_attempt(run, stop))


def _attempt(run: Run, stop: list[str]) -> Outcome:
    try:
        train(run, stop)
    except DcrError as error:
        return Outcome(run, error)
    except Exception as error:
        if output.debugging():
            traceback.print_exc()
        return Outcome(run, RunError(f"{run.stem}: {describe(error)[1]}"))
    return Outcome(run)


def _is_late(run: Run) -> bool:
    return run.deadline is not None and time.time() >= run.deadline


def _not_started(run: Run) -> Outcome:
    return Outcome(run, Interrupted(f"{run.stem}: not started; --resume starts it"))


def _report(outcome: Outcome) -> None:
    if outcome.error is None:
        output.log(f"done: {outcome.run.checkpoint}")
    else:
        output.warn(str(outcome.error))

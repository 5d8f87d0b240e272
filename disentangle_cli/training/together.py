"""One run, or many of one configuration, from requests to outcomes."""

import contextlib
import gc
from collections.abc import Sequence
from dataclasses import replace

import torch

from disentangle_cli import output
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import DcrError
from disentangle_cli.files import locked
from disentangle_cli.reporting import is_out_of_memory
from disentangle_cli.training.announce import announce
from disentangle_cli.training.loop import Loop
from disentangle_cli.training.outcome import Outcome, failed, is_late, not_started
from disentangle_cli.training.run import busy, prepare
from disentangle_cli.training.session import Session, open_session
from disentangle_cli.training.spec import LOCK, Run


def train_together(
    runs: Sequence[Run], stop: list[str], *, wait: bool = False, announced: bool = True
) -> list[Outcome]:
    """Train runs that differ only in seed and output; the outcome of each as they end.

    Many are one computation, and what is written is what each alone writes. Runs that stand at different
    iterations are trained one group after the other. A finished run with ``resume`` is left alone; an
    unfinished one goes on from its resume state. A run that fails leaves the others alone; where memory runs
    out, they go on in halves, from the last resume states.

    Args:
        runs: at least one.
        stop: fills when a signal comes; the runs then save their states and stop.
        wait: whether to wait for another process that works on the same output.
        announced: whether it was told what is trained.
    """
    try:
        first, dataset = prepare(runs[0])  # before anything is written
    except Exception as error:
        return [failed(run, error) for run in runs]
    runs = [replace(run, config=first.config) for run in runs]
    if not announced:
        announce(runs, dataset, 1, torch.get_num_threads(), stacked=len(runs))
    outcomes: list[Outcome] = []
    threads = torch.get_num_threads()
    with contextlib.ExitStack() as locks:
        free = []
        for run in runs:
            try:
                locks.enter_context(locked(run.folder / LOCK, busy(run), wait))
                free.append(run)
            except (DcrError, OSError) as error:
                outcomes.append(failed(run, error))
        try:
            _train(free, dataset, stop, outcomes)
        finally:
            torch.set_num_threads(threads)
    return outcomes


def _train(runs: Sequence[Run], dataset: Dataset, stop: list[str], outcomes: list[Outcome]) -> None:
    """Add the outcome of every run to ``outcomes``."""
    known = len(outcomes)

    def left() -> list[Run]:
        ended = {outcome.run.checkpoint for outcome in outcomes[known:]}
        return [run for run in runs if run.checkpoint not in ended]

    try:
        _attempt(runs, dataset, stop, outcomes)
    except Exception as error:
        if len(left()) == 1 or not is_out_of_memory(error):
            outcomes += [failed(run, error) for run in left()]
    # From here on the exception is gone, and with it the frames that held the memory.
    if not (remaining := left()):
        return
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    output.warn(f"out of memory with {len(remaining)} seeds at once; going on with half of them at a time")
    middle = (len(remaining) + 1) // 2
    for half in (remaining[:middle], remaining[middle:]):
        if stop or is_late(half[0]):
            outcomes += map(not_started, half)
        else:
            _train([replace(run, resume=True) for run in half], dataset, stop, outcomes)


def _attempt(runs: Sequence[Run], dataset: Dataset, stop: list[str], outcomes: list[Outcome]) -> None:
    together: dict[tuple[int, bool, bool], list[Session]] = {}
    for run in runs:
        try:
            session = open_session(run, dataset)
        except (DcrError, OSError) as error:
            outcomes.append(failed(run, error))
            continue
        if session is None:
            outcomes.append(Outcome(run))
        else:
            alike = session.first, session.model.bf16, session.compiled
            together.setdefault(alike, []).append(session)
    for sessions in together.values():
        Loop(sessions, stop, outcomes).train()

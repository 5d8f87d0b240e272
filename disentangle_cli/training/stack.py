"""Many seeds of one configuration trained together, each with files of its own like a run alone."""

import contextlib
import gc
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.errors import DcrError, UsageError
from disentangle_cli.files import locked
from disentangle_cli.modelling.stacked import Stack, stack
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.infogan import InfoGan
from disentangle_cli.reporting import is_out_of_memory
from disentangle_cli.training.outcome import Outcome, failed, is_late, not_started
from disentangle_cli.training.run import busy, prepare
from disentangle_cli.training.session import Session, looks_at
from disentangle_cli.training.spec import LOCK, Run


def check_stackable(model: str) -> None:
    """Raise UsageError when seeds of a model cannot be stacked."""
    if not MODELS.get(model).stackable:
        able = [name for name, kind in MODELS.working() if kind.stackable]
        raise UsageError(f"--stack: {model} cannot be stacked, only {' and '.join(able)}; leave --stack out")


def split_into_stacks(runs: Sequence[Run], jobs: int) -> list[list[Run]]:
    """Runs of one configuration together, each such group in ``jobs`` parts of almost the same size."""
    stacks: list[list[Run]] = []
    keys = [(run.model, run.dataset, run.config.model_dump_json()) for run in runs]
    for key in dict.fromkeys(keys):
        group = [run for run, its in zip(runs, keys, strict=True) if its == key]
        ends = [len(group) * part // jobs for part in range(jobs + 1)]
        stacks += [group[a:b] for a, b in itertools.pairwise(ends) if a < b]
    return stacks


def train_stack(runs: Sequence[Run], stop: list[str]) -> list[Outcome]:
    """Train runs that differ only in seed and output as one computation; the outcome of each.

    What is written is what :func:`~disentangle_cli.training.run.train` writes for each alone. Runs that stand
    at different iterations are stacks of their own, one after the other. A run that fails leaves its stack;
    where memory runs out, the stack goes on in halves, from the last resume states. ``stop``: see ``train``.
    """
    outcomes: list[Outcome] = []
    threads = torch.get_num_threads()
    with contextlib.ExitStack() as locks:
        free = []
        for run in runs:
            try:
                locks.enter_context(locked(run.folder / LOCK, busy(run)))
                free.append(run)
            except DcrError as error:
                outcomes.append(Outcome(run, error))
        try:
            _train(free, stop, outcomes)
        finally:
            torch.set_num_threads(threads)
    return outcomes


def _train(runs: Sequence[Run], stop: list[str], outcomes: list[Outcome]) -> None:
    """Add the outcome of every run to ``outcomes``."""
    known = len(outcomes)

    def left() -> list[Run]:
        ended = {outcome.run.checkpoint for outcome in outcomes[known:]}
        return [run for run in runs if run.checkpoint not in ended]

    try:
        _attempt(runs, stop, outcomes)
    except Exception as error:
        if len(left()) == 1 or not is_out_of_memory(error):
            outcomes += [failed(run, error) for run in left()]
    # From here on the exception is gone, and with it the frames that held the stack's memory.
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
            _train([replace(run, resume=True) for run in half], stop, outcomes)


def _attempt(runs: Sequence[Run], stop: list[str], outcomes: list[Outcome]) -> None:
    if not runs:
        return
    dataset = prepare(runs[0])
    together: dict[tuple[int, bool, bool], list[Session]] = {}
    for run in runs:
        session = Session(run, dataset, stop)
        try:
            if session.start():
                trainable = session.trainable
                alike = session.first, trainable.bf16, trainable.compiler is not None
                together.setdefault(alike, []).append(session)
            else:
                outcomes.append(Outcome(run))
        except (DcrError, OSError) as error:
            outcomes.append(failed(run, error))
    for sessions in together.values():
        _Sitting(sessions, outcomes).work()


class _Sitting:
    """Sessions at the same iteration, trained together until each has its outcome."""

    def __init__(self, sessions: list[Session], outcomes: list[Outcome]) -> None:
        self.sessions = sessions
        self.outcomes = outcomes
        self.stack: Stack | None = None

    def work(self) -> None:
        """Train to the end of the runs, or until none is left."""
        first, iterations = self.sessions[0].first, self.sessions[0].run.config.iterations
        name = f"{self.sessions[0].run.model}, {len(self.sessions)} seeds"
        try:
            with output.progress(total=iterations, desc=name, unit="it", initial=first) as bar:
                for iteration in range(first, iterations):
                    self.iterate(iteration)
                    if not self.sessions:
                        return
                    bar.update(1)
            self.each(lambda session: session.finish())
            self.outcomes += [Outcome(session.run) for session in self.sessions]
        finally:
            for session in self.sessions:
                session.log.close()

    def iterate(self, iteration: int) -> None:
        """One iteration of all seeds, and what is due around it for each."""
        self.each(lambda session: session.before(iteration))
        rows = self.step(iteration) if self.sessions else {}
        self.each(lambda session: session.check(rows[session], iteration) if rows else None)
        self.each(lambda session: session.record(rows.get(session, {}), iteration))
        if not self.sessions or iteration + 1 == self.sessions[0].run.config.iterations:
            return
        reason = self.sessions[0].must_stop()  # asked once, so that all stop at the same iteration
        if reason or self.sessions[0].is_due():
            self.each(lambda session: session.pause(iteration + 1, reason))

    def step(self, iteration: int) -> dict[Session, dict[str, Tensor]]:
        """Train; the scalars of each seed where they are to be logged or not all finite, else nothing."""
        sessions, feed, config = self.sessions, self.sessions[0].feed, self.sessions[0].run.config
        if self.stack is None:
            self.stack = stack([cast(InfoGan[Any], session.trainable) for session in sessions])
        images = feed.images(np.concatenate([session.feed.rows(iteration) for session in sessions]))
        scalars = self.stack.step(images.view(len(sessions), -1, *images.shape[1:]), iteration)
        logged = (iteration + 1) % config.log.every == 0
        if not logged and not looks_at(iteration, images.device):
            return {}
        table = torch.stack([value.to(images.device).expand(len(sessions)) for value in scalars.values()])
        if not logged and table.isfinite().all():
            return {}
        columns = [dict(zip(scalars, column, strict=True)) for column in table.T.cpu()]
        return dict(zip(sessions, columns, strict=True))

    def each(self, action: Callable[[Session], object]) -> None:
        """Do something for every seed; one that fails leaves the stack with that as its outcome."""
        for session in list(self.sessions):
            try:
                action(session)
            except (DcrError, OSError) as error:
                self.outcomes.append(failed(session.run, error))
                session.log.close()
                self.sessions.remove(session)
                self.stack = None

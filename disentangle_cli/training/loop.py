"""The training loop: runs at the same iteration, trained until each has its outcome."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from disentangle_cli import output
from disentangle_cli.errors import DcrError
from disentangle_cli.modelling.engines import Steps, engine_for
from disentangle_cli.training.outcome import Outcome, failed
from disentangle_cli.training.session import SCORE, Session, looks_at


class Loop:
    """Trains runs that differ only in seed and output, one or many, by one engine.

    Outcomes are added to ``outcomes`` as they come: a run that fails leaves the others alone.
    """

    def __init__(self, sessions: Sequence[Session], stop: list[str], outcomes: list[Outcome]) -> None:
        self.sessions = list(sessions)
        self.stop = stop
        self.outcomes = outcomes
        self.run = sessions[0].run
        self._engine: Steps | None = None

    def train(self) -> None:
        """To the end of the runs, or until none is left."""
        first, iterations, count = self.sessions[0].first, self.run.config.iterations, len(self.sessions)
        name = self.run.stem if count == 1 else f"{self.run.model}, {count} seeds"
        try:
            phases = type(self.sessions[0].model).phases(self.run.config)
            with output.progress(
                total=iterations, desc=name, unit="it", initial=first, phases=phases, worth=count
            ) as bar:
                for iteration in range(first, iterations):
                    self.iterate(iteration)
                    if not self.sessions:
                        return
                    bar.tell(*self._facts())
                    bar.update(1)
            self._each(lambda session: session.finish())
            self.outcomes += [
                Outcome(session.run, score=session.newest.get(SCORE), seconds=session.seconds)
                for session in self.sessions
            ]
        finally:
            for session in self.sessions:
                session.close()

    def iterate(self, iteration: int) -> None:
        """One iteration of all runs, and what is due around it for each."""
        self._each(lambda session: session.before(iteration))
        rows = self._step(iteration) if self.sessions else {}
        self._each(lambda session: session.after(rows.get(session, {}), iteration))
        if not self.sessions or iteration + 1 == self.run.config.iterations:
            return
        reason = self.must_stop()  # asked once, so that all stop at the same iteration
        if reason or self.sessions[0].is_due():
            self._each(lambda session: session.pause(iteration + 1, reason))

    def _facts(self) -> list[str]:
        """What is shown besides the numbers of iterations; of many seeds their mean score alone."""
        newest = [session.newest for session in self.sessions]
        scores = [row[SCORE] for row in newest if SCORE in row]
        name = "score" if len(newest) == 1 else "mean score"
        found = [f"{name} {np.mean(scores):.3f}"] if scores else []
        watched = self.sessions[0].model.watched if len(newest) == 1 else {}
        return found + [f"{said} {newest[0][key]:.3g}" for key, said in watched.items() if key in newest[0]]

    def must_stop(self) -> str | None:
        """Why the runs have to stop now, if they have to."""
        if self.stop:
            return f"stopped by {self.stop[0]}"
        deadline = self.run.deadline
        return "time limit reached" if deadline is not None and time.time() >= deadline else None

    def _step(self, iteration: int) -> dict[Session, dict[str, float]]:
        """Train; the scalars of each run where they are to be logged or not all finite, else nothing."""
        sessions = self.sessions
        if self._engine is None:
            self._engine = engine_for([session.model for session in sessions], sessions[0].compiled)
        images = sessions[0].feed.images(np.concatenate([each.rows(iteration) for each in sessions]))
        scalars = self._engine.step(images.view(len(sessions), -1, *images.shape[1:]), iteration)
        logged = self.run.logs(iteration)
        if not logged and not looks_at(iteration, images.device):
            return {}
        table = torch.stack([value.to(images.device).expand(len(sessions)) for value in scalars.values()])
        if not logged and table.isfinite().all():
            return {}
        rows = [dict(zip(scalars, column, strict=True)) for column in table.T.tolist()]
        return dict(zip(sessions, rows, strict=True))

    def _each(self, action: Callable[[Session], None]) -> None:
        """Do something for every run; one that fails ends with that as its outcome."""
        for session in list(self.sessions):
            try:
                action(session)
            except (DcrError, OSError) as error:
                self.outcomes.append(failed(session.run, error))
                session.close()
                self.sessions.remove(session)
                self._engine = None

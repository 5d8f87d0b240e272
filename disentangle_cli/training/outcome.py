"""How a run of a pool ended."""

import time
import traceback
from dataclasses import dataclass

from disentangle_cli import output
from disentangle_cli.errors import DcrError, Interrupted, RunError
from disentangle_cli.reporting import describe
from disentangle_cli.tasks.ended import Failed, Lost
from disentangle_cli.training.spec import Run


@dataclass(frozen=True)
class Outcome:
    """``error`` is None when the checkpoint of ``run`` is complete.

    ``score`` is the newest that was taken on the way, ``seconds`` how long this process trained it; None
    where nobody knows.
    """

    run: Run
    error: DcrError | None = None
    score: float | None = None
    seconds: float | None = None


def failed(run: Run, error: Exception) -> Outcome:
    """The outcome of a run that ended with ``error``."""
    if isinstance(error, DcrError):
        return Outcome(run, error)
    if output.debugging():
        traceback.print_exception(error)
    return Outcome(run, RunError(f"{run.stem}: {describe(error)[1]}"))


def is_late(run: Run) -> bool:
    """Whether the time for the run is over."""
    return run.deadline is not None and time.time() >= run.deadline


def not_started(run: Run) -> Outcome:
    """The outcome of a run whose turn never came."""
    return Outcome(run, Interrupted(f"{run.stem}: not started; --resume starts it"))


def without_end(run: Run, ended: Failed | Lost, stopped: bool) -> Outcome:
    """The outcome of a run whose task failed or lost its worker; ``stopped``: it had been told to stop."""
    if isinstance(ended, Failed):
        return Outcome(run, ended.error)
    code = ended.exit_code
    reason = ended.reason if code is None else f"its process died (exit code {code})"
    if stopped:
        return Outcome(run, Interrupted(f"{run.stem}: {reason}; --resume goes on with it"))
    return Outcome(run, RunError(f"{run.stem}: {reason}"))

"""How a task ends: with a result, with an error, or with its worker. All are values."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.errors import DcrError, RunError
from disentangle_cli.reporting import describe
from disentangle_cli.tasks.control import Control, watched


@dataclass(frozen=True)
class Done:
    """The result of a task; of one in another process also its warnings, and how far it advanced."""

    result: Any
    warnings: Sequence[str] = ()
    advanced: int = 0


@dataclass(frozen=True)
class Failed:
    """Stands for the result of a task which raised ``error``."""

    error: DcrError


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a task whose worker died; a process of this machine has an ``exit_code``."""

    reason: str
    exit_code: int | None = None


Ended = Done | Failed | Lost
Function = Callable[[Any, Control], Any]


def attempt(function: Function, task: Any, control: Control) -> Done | Failed:
    """Carry out one task: what it raises comes back as a value, picklable whatever it was."""
    try:
        return Done(function(task, control))
    except DcrError as error:
        return Failed(error)
    except Exception as error:
        failed = RunError(f"{task}: {describe(error)[1]}")
        failed.add_note(traceback.format_exc())  # --debug alone would show the frames of another process
        return Failed(failed)


def attempt_apart(
    function: Function, task: Any, stop: list[str], advance: Callable[[int], object] | None = None
) -> Done | Failed:
    """Carry out one task in another process: its warnings come back with its result.

    So does how far it advanced, where nobody hears of that while it does.
    """
    steps: list[int] = []
    with output.kept_warnings() as warned:
        ended = attempt(function, task, Control(stop, advance or steps.append))
    return ended if isinstance(ended, Failed) else replace(ended, warnings=warned, advanced=sum(steps))


def attempt_on_cluster(function: Function, task: Any, marker: Path | None) -> Done | Failed:
    """Carry out one task on a worker of a cluster, which stops when the marker goes."""
    with watched(marker) as stop:
        return attempt_apart(function, task, stop)

"""What earlier runs left at a run's output, and whether it may be used, kept or cleared."""

from typing import Any

from disentangle_cli import output
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.files import holds_something, remove
from disentangle_cli.temporaries import sweep
from disentangle_cli.training.spec import Run, is_same_run, same_identity
from disentangle_cli.training.state import read_state

OUTPUTS = (
    "config.yaml",
    "log.csv",
    "log-damaged*.csv",
    "resume.pt",
    "switch.pt",
    "traversal-*.png",
    "events.out.tfevents.*",
    "loggers.json",
)
"""What a run writes into its folder."""


def is_finished(run: Run, identity: dict[str, Any]) -> bool:
    """Whether the run's checkpoint is there already and is to be left alone.

    Raises:
        UsageError: a checkpoint of another configuration is there.
    """
    if not holds_something(run.checkpoint):  # what is no file is written to
        return False
    try:
        same = is_same_run(load_checkpoint(run.checkpoint), identity)
    except UsageError:
        if run.overwrite:  # whatever it is
            return False
        raise
    if same:
        return run.resume
    if run.overwrite:
        return False
    raise UsageError(
        f"{run.checkpoint} is of another configuration; choose another --name or --out, or --overwrite it"
    )


def find_state(run: Run, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The resume state to go on from, or None to start anew.

    Raises:
        UsageError: an unfinished run is there that this one may neither continue nor drop.
    """
    if run.checkpoint.is_file() or not run.state.exists() or (run.overwrite and not run.resume):
        return None
    if not run.resume:
        raise UsageError(
            f"{run.folder} holds an unfinished run; --resume goes on with it, --overwrite drops it"
        )
    state = read_state(run.state)
    if same_identity(state["run"], identity):
        output.log(f"going on with {run.stem} at iteration {state['iteration']}")
        return state
    if run.overwrite:
        return None
    raise UsageError(
        f"{run.folder} holds an unfinished run of another configuration; "
        "choose another --name or --out, or --overwrite it"
    )


def clear(run: Run) -> None:
    """Remove the outputs of an earlier run, so that nothing of it is taken for the new one's.

    A finished checkpoint of the same configuration stays until the new one replaces it.
    """
    if run.overwrite:
        remove(run.checkpoint)
    for pattern in OUTPUTS:
        for path in run.folder.glob(pattern):
            remove(path)


def sweep_leftovers(run: Run) -> None:
    """Remove what a killed process left half written."""
    sweep(run.out)
    sweep(run.folder)

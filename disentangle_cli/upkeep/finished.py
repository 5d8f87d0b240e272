"""Resume states that nobody needs any more: those of finished runs.

A finished run keeps the state that it ended with, some four times as large as its checkpoint. Nothing reads
it again: ``--resume`` of a finished run does nothing.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import DcrError, UsageError
from disentangle_cli.files import locked
from disentangle_cli.training.spec import LOCK, STATE, is_same_run
from disentangle_cli.training.state import read_state


@dataclass(frozen=True)
class State:
    """A resume state, and why it has to stay; empty where it may go."""

    path: Path
    bytes: int
    reason: str


def clean(folders: list[Path], dry_run: bool = False) -> list[State]:
    """Remove the resume states of finished runs in ``folders``, however deep; tell of all that are there.

    With ``dry_run`` nothing is removed; the answer is the same. Links are neither followed nor removed.

    Raises:
        UsageError: a folder is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder; name that of the checkpoints (train --out)")
    paths = dict.fromkeys(path for folder in folders for path in sorted(folder.rglob(STATE)))
    return [_cleaned(path, dry_run) for path in paths if path.is_file()]


def _cleaned(path: Path, dry_run: bool) -> State:
    size = path.lstat().st_size
    if path.is_symlink() or path.parent.is_symlink():
        return State(path, size, "it is behind a link")
    lock = path.parent / LOCK  # a run makes it before anything else
    busy = "another process is using this folder"
    try:
        with locked(lock, busy) if lock.exists() else contextlib.nullcontext():
            if reason := _needed(path):
                return State(path, size, reason)
            if not dry_run:
                path.unlink()
    except OSError as error:
        return State(path, size, f"it cannot be removed: {error.strerror}")
    except DcrError as error:
        return State(path, size, str(error))
    return State(path, size, "")


def _needed(path: Path) -> str:
    """Why a state is still needed, in words; empty where its run is finished.

    Raises:
        UsageError: it, or the checkpoint of its run, cannot be read.
    """
    checkpoint = path.parent.with_name(f"{path.parent.name}.pt")
    if not checkpoint.is_file():
        return "the run is unfinished"
    state, found = read_state(path), load_checkpoint(checkpoint)
    if not is_same_run(found, state["run"]):
        return f"{checkpoint} is of another run"
    iterations = found.config["training"]["iterations"]
    if not found.provenance.get("iteration") == state["iteration"] == iterations:
        return "the run is unfinished"
    return ""

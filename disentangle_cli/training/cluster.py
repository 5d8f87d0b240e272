"""A pool on a cluster: each run is one task.

Where the workers see the output folder, a run trains in it, and one whose worker died goes on from its
resume state. Where they do not, it trains in a temporary folder and its files come back as its result.
"""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.datasets import Dataset, absolute
from disentangle_cli.errors import DcrError, RunError
from disentangle_cli.executors import Control, ends_of, run_tasks
from disentangle_cli.files import locked, write_atomic
from disentangle_cli.tasks.ended import Done
from disentangle_cli.tasks.signals import caught_signals
from disentangle_cli.temporaries import scratch
from disentangle_cli.training._existing import clear, find_state, is_finished, sweep_leftovers
from disentangle_cli.training.outcome import Outcome, not_started, without_end
from disentangle_cli.training.run import busy
from disentangle_cli.training.spec import LOCK, Run, describe
from disentangle_cli.training.together import train_together

Files = dict[str, bytes]
"""The files of a run, by their paths from the output folder."""


@dataclass(frozen=True)
class ClusterTask:
    """A run; ``files`` are what an earlier process left of it, for workers that do not see them."""

    run: Run
    files: Files | None

    def __str__(self) -> str:
        return self.run.stem


def train_on_cluster(
    runs: Sequence[Run], datasets: Sequence[Dataset], executor: str, jobs: int | None
) -> Iterator[Outcome]:
    """The outcome of each run as they end. ``datasets`` are those of the runs.

    A signal makes the workers save and stop; without a shared folder what they are at is given up.
    """
    marker = runs[0].out.resolve() / f".pool-{secrets.token_hex(6)}"
    write_atomic(marker, "dcr train works here; without this file its runs stop\n")
    try:
        ((_, shared),) = run_tasks(sees, [marker], executor=executor, jobs=jobs)
        if not shared:
            output.log(f"the workers do not see {marker.parent}: files come back through the cluster")
        wanted: list[Run] = []
        tasks: list[ClusterTask] = []
        for run, dataset in zip(runs, datasets, strict=True):
            try:
                claimed = _claimed(run, dataset)
                if claimed is None:
                    yield Outcome(run)
                else:
                    wanted.append(run)
                    tasks.append(ClusterTask(claimed, None if shared else _files_of(claimed)))
            except DcrError as error:
                yield Outcome(run, error)
        with contextlib.ExitStack() as stack:
            stop = stack.enter_context(caught_signals()) if shared else []
            control = Control(stop, marker=marker if shared else None)
            for index, ended in ends_of(carry_out, tasks, executor=executor, jobs=jobs, control=control):
                run = wanted[index]
                if isinstance(ended, Done):
                    problem, files = ended.result
                    _write(run, files)
                    yield Outcome(run, problem)
                else:
                    yield without_end(run, ended, bool(stop))
    finally:
        marker.unlink(missing_ok=True)


def sees(marker: Path, _: Control) -> bool:
    return marker.exists()


def _claimed(run: Run, dataset: Dataset) -> Run | None:
    """The run as a worker carries it out, at whatever attempt: what is in its way is dealt with here, once.

    None for a finished run of the same configuration, which is left alone unless it is to be overwritten.
    """
    with locked(run.folder / LOCK, busy(run)):
        sweep_leftovers(run)
        identity = describe(run, dataset)
        if is_finished(replace(run, resume=run.resume or not run.overwrite), identity):
            return None
        if find_state(run, identity) is None:
            clear(run)
    data, out = absolute(run.dataset), run.out.resolve()
    initial = None if run.init_from is None else run.init_from.resolve()
    return replace(run, dataset=data, name=run.stem, out=out, resume=True, overwrite=False, init_from=initial)


def carry_out(task: ClusterTask, control: Control) -> tuple[DcrError | None, Files]:
    """On a worker. A process that still trains there, given up as dead, is waited for."""
    if task.files is not None:
        return _carry_out_apart(task.run, task.files)
    if not task.run.out.is_dir():
        return RunError(f"{task.run.stem}: a worker does not see {task.run.out}, though others do"), {}
    if control.stop:
        return not_started(task.run).error, {}
    (outcome,) = train_together([task.run], control.stop, wait=True)
    return outcome.error, {}


def _carry_out_apart(run: Run, files: Files) -> tuple[DcrError | None, Files]:
    with scratch() as folder:
        there = replace(run, out=folder)
        _write(there, files)
        (outcome,) = train_together([there], [])
        error = outcome.error
        if error is not None:
            error = type(error)(str(error).replace(str(folder), str(run.out)))  # name no folder that is gone
        found = _files_of(there)
        if error is None:
            found.pop(str(there.state.relative_to(folder)), None)  # a finished run needs no state
        return error, found


def _files_of(run: Run) -> Files:
    """The checkpoint and all files of the run's folder."""
    paths = [run.checkpoint, *(path for path in run.folder.rglob("*") if path.name != LOCK)]
    return {str(path.relative_to(run.out)): path.read_bytes() for path in paths if path.is_file()}


def _write(run: Run, files: Files) -> None:
    """Write what came back; the checkpoint comes last, for it says that the run is complete."""
    for name in sorted(files, key=lambda name: name == run.checkpoint.name):
        write_atomic(run.out / name, files[name])

"""Scoring several models side by side, here or on a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.datasets import absolute
from disentangle_cli.executors import Control, check_executor, run_tasks, split_spec
from disentangle_cli.files import sha256_file
from disentangle_cli.output import log, progress
from disentangle_cli.scoring.run import Options, score_one
from disentangle_cli.temporaries import scratch


@dataclass(frozen=True)
class _Task:
    """One model: ``file`` is where a worker finds it, or it has the ``content`` with it."""

    path: str
    file: str
    content: bytes | None
    dataset: str | None
    options: Options
    device: str

    def __str__(self) -> str:
        return self.path


def score_paths(
    paths: Sequence[str],
    dataset: str | None,
    options: Options,
    device: str = "cpu",
    *,
    jobs: int | None = None,
    executor: str = "local",
) -> list[dict[str, Any]]:
    """The results of :func:`score_one` in the order of ``paths``; each model is one task.

    ``jobs`` and ``executor`` are those of :func:`~disentangle_cli.executors.run_tasks`. A file that the
    workers of a cluster do not see is sent to them; a data set that is a file or a folder is not.

    Raises:
        UsageError: an option, a file or the data set does not fit.
    """
    check_executor(executor)
    files: list[tuple[str, bytes | None]] = [(path, None) for path in paths]
    if split_spec(executor)[0] != "local":
        dataset = absolute(dataset) if dataset else None
        files = _reachable(paths, executor, jobs)
    tasks = [_Task(path, *found, dataset, options, device) for path, found in zip(paths, files, strict=True)]
    results: dict[int, dict[str, Any]] = {}
    # the work begins when a file has turned out to be readable
    with progress(total=len(tasks), desc="models", unit="model", begins=False) as bar:
        for index, result in run_tasks(_score, tasks, executor=executor, jobs=jobs):
            if len(tasks) > 1:
                log(f"scored {paths[index]}")
            results[index] = result
            bar.update()
    return [results[index] for index in range(len(tasks))]


def _reachable(paths: Sequence[str], executor: str, jobs: int | None) -> list[tuple[str, bytes | None]]:
    """For each file its full path, and its content where a worker has not the same under that path."""
    files = [str(Path(path).resolve()) for path in paths]
    ((_, there),) = run_tasks(_hashes, [files], executor=executor, jobs=jobs)
    return [
        (file, Path(file).read_bytes() if here and here != found else None)
        for file, here, found in zip(files, _hashes(files), there, strict=True)
    ]


def _hashes(files: list[str], _: object = None) -> list[str | None]:
    return [sha256_file(file) if Path(file).is_file() else None for file in files]


def _score(task: _Task, _: Control) -> dict[str, Any]:
    if task.content is None:
        result = score_one(task.file, task.dataset, task.options, task.device)
    else:
        with scratch() as folder:
            file = folder / Path(task.path).name
            file.write_bytes(task.content)
            result = score_one(str(file), task.dataset, task.options, task.device)
    return result | {"model": task.path}

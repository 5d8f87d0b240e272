"""Where tasks run: processes of this machine, a Dask cluster or a Ray cluster.

One file per executor, and no other; what they share is in :mod:`disentangle_cli.tasks`. A task is a small
picklable object (paths, hashes, numbers) which a top-level function turns into a result. Tasks should be
idempotent: one whose worker died is carried out again by another.
"""

from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.executor import (
    EXECUTORS,
    Executor,
    check_executor,
    cores,
    split_spec,
    tasks_at_once,
)
from disentangle_cli.tasks.futures import FuturesExecutor
from disentangle_cli.tasks.run import LostTasks, ends_of, run_tasks

__all__ = [
    "EXECUTORS",
    "Control",
    "Executor",
    "FuturesExecutor",
    "LostTasks",
    "check_executor",
    "cores",
    "ends_of",
    "run_tasks",
    "split_spec",
    "tasks_at_once",
]

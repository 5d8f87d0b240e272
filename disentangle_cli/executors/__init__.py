"""Where tasks run: processes of this machine, a Dask cluster or a Ray cluster.

One file per executor; joblib is the seam: its loky here, its backends on clusters. A task is a small
picklable object (paths, hashes, numbers) which a top-level function turns into a result. Tasks must be
idempotent: one whose worker died is carried out again by another.
"""

from disentangle_cli.tasks.run import EXECUTORS, LostTasks, cores, run_tasks, split_spec, tasks_at_once

__all__ = ["EXECUTORS", "LostTasks", "cores", "run_tasks", "split_spec", "tasks_at_once"]

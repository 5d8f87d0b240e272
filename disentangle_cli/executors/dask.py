"""A Dask cluster, or one made of processes of this machine."""

import atexit
import functools
import logging
import signal
from multiprocessing import resource_tracker
from typing import Any

from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.extras import need
from disentangle_cli.tasks.executor import EXECUTORS, cores, task_gpus
from disentangle_cli.tasks.futures import FuturesExecutor
from disentangle_cli.tasks.signals import blocked

CONNECT_SECONDS = 15
WORKER_SECONDS = 300  # a batch system may take a while to start the first worker


@EXECUTORS.register("dask")
class Dask(FuturesExecutor):
    """One task at a time for each thread of the workers. Dask itself sends a lost task to another worker."""

    def __init__(self, address: str | None, jobs: int | None) -> None:
        self.check()
        from distributed import KilledWorker

        super().__init__(jobs, (KilledWorker,))
        self._client = _local_client(jobs or cores()) if address is None else _client(address)

    @staticmethod
    def check() -> None:
        need("dask", "dask", "distributed", what="--executor dask", name="Dask")

    def send(self, *call: Any) -> Any:
        resources = {"resources": {"GPU": gpus}} if (gpus := task_gpus()) else {}
        return self._client.submit(*call, pure=False, **resources)

    def cancel(self, futures: list[Any]) -> None:
        self._client.cancel(futures, force=True)

    def slots(self) -> int:
        try:
            self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise RunError(f"the Dask cluster has had no worker for {WORKER_SECONDS} s; start some") from None
        return sum(self._client.nthreads().values())


@functools.cache
def _client(address: str) -> Any:
    from distributed import Client

    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"--executor dask={address}: no Dask scheduler answers there ({type(error).__name__})"
        ) from None


@functools.cache
def _local_client(workers: int) -> Any:
    import dask
    from distributed import Client, LocalCluster

    # as it is by default, a cluster drops a worker which is just starting again when this time is over
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 day"})
    # Ctrl-C at a terminal reaches all processes, but is for this one. The thread of the cluster, and with it
    # all workers that it ever starts, inherit what is blocked now.
    resource_tracker.ensure_running()  # when it is started later, it unblocks signals
    with blocked(signal.SIGINT):
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
        )
    client = Client(cluster, set_as_default=False)
    atexit.register(cluster.close)
    atexit.register(client.close)
    return client

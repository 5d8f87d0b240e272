"""A Ray cluster, or one made of processes of this machine."""

import os
import re
import socket
from collections.abc import Callable
from typing import Any, ClassVar

from disentangle_cli.errors import UsageError
from disentangle_cli.extras import need
from disentangle_cli.tasks.executor import EXECUTORS, cores, task_gpus
from disentangle_cli.tasks.futures import FuturesExecutor

RETRIES = 3  # as in Dask
CONNECT_SECONDS = 15
QUIET = {
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # else it prints to stdout that a worker died
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a notice about its next version
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What Ray reads when it is imported."""


@EXECUTORS.register("ray")
class Ray(FuturesExecutor):
    """One core for each task. Ray itself carries out a lost task again."""

    _connected: ClassVar[str | None] = None

    def __init__(self, address: str | None, jobs: int | None) -> None:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        self.check()
        from ray import exceptions

        lost = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        )
        super().__init__(jobs, lost)
        self._connect(address or "local")

    @staticmethod
    def check() -> None:
        need("ray", "ray", what="--executor ray", name="Ray")

    def _connect(self, address: str) -> None:
        """Connect this process, unless it is: a process has one Ray at a time."""
        import ray

        if ray.is_initialized():
            if Ray._connected in (address, None):  # None: the caller's own connection is used as it is
                return
            ray.shutdown()
        here = {"num_cpus": self._jobs or cores(), "include_dashboard": False} if address == "local" else {}
        try:
            _knock(address)
            ray.init(address=address, logging_level="ERROR", log_to_driver=False, **here)
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"--executor ray={address}: no Ray cluster answers there ({type(error).__name__})"
            ) from None
        Ray._connected = address

    def slots(self) -> int:
        import ray

        return int(ray.cluster_resources().get("CPU", 1))

    def send(self, function: Callable[..., Any], *arguments: Any) -> Any:
        import ray

        remote = ray.remote(num_cpus=1, num_gpus=task_gpus(), max_retries=RETRIES)(function)
        reference = remote.remote(*arguments)
        future = reference.future()
        future.reference = reference
        return future

    def cancel(self, futures: list[Any]) -> None:
        import ray

        for future in futures:
            ray.cancel(future.reference, force=True)


def _knock(address: str) -> None:
    """Raise OSError when nobody listens at ``host:port``: Ray itself takes minutes to say so."""
    if match := re.fullmatch(r"(?:ray://)?\[?([^\[\]/]+?)\]?:(\d+)", address):
        socket.create_connection((match[1], int(match[2])), CONNECT_SECONDS).close()

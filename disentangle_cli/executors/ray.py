"""A Ray cluster, or one made of processes of this machine."""

import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from disentangle_cli.errors import UsageError
from disentangle_cli.tasks.run import EXECUTORS, Outcomes, cores, task_gpus

RETRIES = 3  # as in Dask
CONNECT_SECONDS = 15
QUIET = {
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # else it prints to stdout that a worker died
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else a notice about its next version
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What Ray reads when it is imported."""


@EXECUTORS.register("ray")
class Ray:
    """One core for each task. Ray itself carries out a lost task again."""

    _connected: ClassVar[str | None] = None

    def __init__(self, address: str | None, jobs: int | None) -> None:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        try:
            import ray  # noqa: F401
        except ImportError:
            raise UsageError('--executor ray needs Ray: pip install "disentangle-cli[ray]"') from None
        self._jobs = jobs
        self._connect(address or "local")

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

    def run(self, function: Callable[[Any], Any], tasks: Mapping[int, Any]) -> Outcomes:
        """The tasks' keys and outcomes as they end."""
        import ray
        from ray import exceptions

        from disentangle_cli.tasks.futures import FuturesBackend, run_on

        class Backend(FuturesBackend):
            def send(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
                remote = ray.remote(num_cpus=1, num_gpus=task_gpus(), max_retries=RETRIES)(function)
                reference = remote.remote(*arguments)
                future = reference.future()
                future.reference = reference
                return future

            def cancel(self, futures: set[Any]) -> None:
                for future in futures:
                    ray.cancel(future.reference, force=True)

        lost = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        )
        at_once = self._jobs or int(ray.cluster_resources().get("CPU", 1))
        return run_on(Backend(lost), function, tasks, at_once)


def _knock(address: str) -> None:
    """Raise OSError when nobody listens at ``host:port``: Ray itself takes minutes to say so."""
    if match := re.fullmatch(r"(?:ray://)?\[?([^\[\]/]+?)\]?:(\d+)", address):
        socket.create_connection((match[1], int(match[2])), CONNECT_SECONDS).close()

"""Processes of this machine."""

import atexit
from multiprocessing.connection import wait
from typing import Any

from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ended import Ended, Function, Lost, attempt
from disentangle_cli.tasks.executor import EXECUTORS, cores
from disentangle_cli.tasks.worker import Worker

idle: list[Worker] = []
"""Workers that are kept for the next call."""


@EXECUTORS.register("local")
class Local:
    """Each process has its share of the cores. With one task at once there is no process but this one."""

    def __init__(self, address: str | None, jobs: int | None) -> None:
        self._jobs = jobs or cores()
        self._places = 1
        self._killed = False
        self._here: list[tuple[int, Ended]] = []
        self._under_way: dict[Any, tuple[int, Worker]] = {}

    @staticmethod
    def check() -> None:
        """Nothing is needed."""

    def places(self, count: int) -> int:
        """As many as asked for, but none without a task."""
        self._places = min(self._jobs, count)
        return self._places

    def start(self, key: int, function: Function, task: Any, control: Control) -> None:
        """Give a task to a process, or carry it out here, unless tasks have killed their processes."""
        if self._places == 1 and not self._killed:
            self._here = [(key, attempt(function, task, control))]
            return
        worker = _worker(max(1, cores() // self._places))
        self._under_way[worker.connection] = key, worker
        worker.give(function, task, control.advance)

    def ended(self, seconds: float) -> list[tuple[int, Ended]]:
        found, self._here = self._here, []
        for connection in wait(list(self._under_way), seconds) if self._under_way else []:
            key, worker = self._under_way[connection]
            if (ended := worker.take()) is None:
                continue
            del self._under_way[connection]
            found.append((key, ended))
            self._killed |= isinstance(ended, Lost)
            if worker.alive:
                idle.append(worker)
        return found

    def stop(self) -> None:
        for _, worker in self._under_way.values():
            worker.stop()

    def abandon(self) -> None:
        for _, worker in self._under_way.values():
            worker.kill()


def _worker(threads: int) -> Worker:
    """One that has nothing to do, or a new one."""
    for worker in list(idle):
        if worker.threads == threads or not worker.alive:
            idle.remove(worker)
        if worker.threads == threads and worker.alive:
            return worker
    return Worker(threads)


@atexit.register
def _dismiss() -> None:
    while idle:
        idle.pop().kill()

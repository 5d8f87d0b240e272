"""Functions that tests send to workers, and what they leave behind."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.errors import UsageError


@dataclass(frozen=True)
class Job:
    """Square a number; ``kills`` workers first, one at each attempt; ``folder`` counts the attempts."""

    number: int
    folder: Path
    kills: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"job {self.number}"


def square(job: Job) -> int:
    attempts = len(list(job.folder.glob(f"{job.number}-*")))
    (job.folder / f"{job.number}-{attempts}-{os.getpid()}").touch()
    time.sleep(job.seconds)
    if attempts < job.kills:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.number**2


def attempts(job: Job) -> int:
    return len(list(job.folder.glob(f"{job.number}-*")))


def refuse(job: Job) -> int:
    if job.number == 1:
        raise UsageError(f"{job} is refused")
    return square(job)


def crash(job: Job) -> int:
    return job.number // 0


def pid(job: Job) -> int:
    time.sleep(job.seconds)
    return os.getpid()


def warn(job: Job) -> None:
    output.warn(f"{job} is odd")

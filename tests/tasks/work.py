"""Functions that tests send to workers, and what they leave behind."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import Control


@dataclass(frozen=True)
class Job:
    """Square a number; ``kills`` workers first, one at each attempt; ``folder`` counts the attempts."""

    number: int
    folder: Path
    kills: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"job {self.number}"


def square(job: Job, control: Control) -> int:
    attempts = len(list(job.folder.glob(f"{job.number}-*")))
    (job.folder / f"{job.number}-{attempts}-{os.getpid()}").touch()
    time.sleep(job.seconds)
    if attempts < job.kills:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.number**2


def attempts(job: Job) -> int:
    return len(list(job.folder.glob(f"{job.number}-*")))


def refuse(job: Job, control: Control) -> int:
    if job.number == 1:
        raise UsageError(f"{job} is refused")
    return square(job, control)


def crash(job: Job, control: Control) -> int:
    return job.number // 0


def pid(job: Job, control: Control) -> int:
    time.sleep(job.seconds)
    return os.getpid()


def warn(job: Job, control: Control) -> None:
    output.warn(f"{job} is odd")


def until_stopped(job: Job, control: Control) -> str:
    square(job, control)
    while not control.stop:
        time.sleep(0.02)
    return control.stop[0]


def steps(job: Job, control: Control) -> None:
    for _ in output.progress(range(15), desc=str(job)):
        time.sleep(job.seconds / 15)
        control.advance(1)

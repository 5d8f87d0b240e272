"""Calls to the operating system that fail: patched in a process before the command under test begins in it.

Only calls about paths below one folder are counted and can fail, so that Python's own files are left alone.
"""

import builtins
import fcntl
import io
import os
from collections.abc import Callable
from typing import Any

NAMES = ("fsync", "replace", "rename", "mkdir", "unlink", "scandir", "open")


class Faults:
    """Counts calls; from number ``at`` on one of them, or each, raises OSError ``number``."""

    def __init__(self, root: str, at: int | None, number: int, lasting: bool) -> None:
        self.root = os.path.realpath(root)
        self.at = at
        self.number = number
        self.lasting = lasting
        self.count = 0

    def meet(self, path: Any) -> None:
        """Count a call about a path or a descriptor; raise where it is its turn."""
        try:
            name = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else os.path.abspath(path)
        except (OSError, TypeError):
            return
        if not os.path.realpath(os.fsdecode(name)).startswith(self.root):
            return
        self.count += 1
        if self.at is not None and (self.count >= self.at if self.lasting else self.count == self.at):
            raise OSError(self.number, os.strerror(self.number), str(path))


def install(faults: Faults) -> None:
    """Patch this process."""

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            faults.meet(path)
            return real(path, *arguments, **options)

        return call

    real_open = io.open

    class Raw(io.FileIO):
        def write(self, data: Any, /) -> int:
            faults.meet(self.name)
            return super().write(data)

        def readinto(self, buffer: Any, /) -> int:
            faults.meet(self.name)
            return super().readinto(buffer) or 0

        def readall(self) -> bytes:
            faults.meet(self.name)
            return super().readall()

    def opened(file: Any, mode: str = "r", buffering: int = -1, *arguments: Any, **options: Any) -> Any:
        path = file if not isinstance(file, int) else f"/proc/self/fd/{file}"
        if not os.path.realpath(os.fsdecode(os.path.abspath(path))).startswith(faults.root):
            return real_open(file, mode, buffering, *arguments, **options)
        faults.meet(file)
        raw = Raw(file, mode.replace("b", "").replace("t", ""), options.pop("closefd", True))
        if buffering == 0:
            return raw
        kind = io.BufferedRandom if "+" in mode else io.BufferedReader if "r" in mode else io.BufferedWriter
        buffered = kind(raw)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, *arguments, **options)
        text.mode = mode  # type: ignore[misc]
        return text

    for name in NAMES:
        setattr(os, name, failing(getattr(os, name)))
    fcntl.flock = failing(fcntl.flock)
    io.open = builtins.open = opened  # type: ignore[assignment]

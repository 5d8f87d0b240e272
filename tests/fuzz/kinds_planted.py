"""Faults that the fuzzer must find: readers that do what no reader may."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from disentangle_cli.errors import UsageError
from tests.fuzz.kinds import Kind
from tests.fuzz.kinds_runs import guarded
from tests.fuzz.mutate import BYTES

KEPT: list[bytes] = []


def _make() -> None:
    Path("file").write_bytes(bytes(200))


def _refuse(message: str) -> None:
    raise UsageError(message)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    raise SystemExit(2)


def _grow() -> None:
    KEPT.append(b"x" * (150 * 2**20))
    KEPT.clear()


def _differ(_: Path) -> None:
    raise AssertionError("other numbers")


def _kind(work: Callable[[], object], check: Callable[[Path], None] = lambda _: None) -> Kind:
    return Kind(_make, {"file": BYTES}, lambda _: guarded(work), check)


PLANTED: dict[str, tuple[Kind, str]] = {
    "error": (_kind(lambda: {}["zz"]), "internal error"),
    "lines": (_kind(lambda: (sys.stderr.write("error: careful\n"), _refuse("no"))), "not one line of error"),
    "length": (_kind(lambda: _say("error: " + "x" * 900)), "a line that is too long or steers the terminal"),
    "code": (_kind(lambda: sys.exit(1)), "exit code 1"),
    "system": (_kind(lambda: os.system("true")), "canary: os.system"),
    "outside": (_kind(lambda: Path("../outside").touch()), "canary: wrote"),
    "owned": (_kind(Path("owned").touch), "canary: owned"),
    "memory": (_kind(_grow), "memory: "),
    "greed": (_kind(lambda: bytearray(2**40)), "exit code 1"),
    "numbers": (_kind(lambda: None, _differ), "another content: other numbers"),
    "reader": (_kind(lambda: None, lambda _: [][1]), "taken, but another reader stops: IndexError"),
    "crash": (_kind(lambda: os.kill(os.getpid(), 11)), "crash: exit code -11"),
    "hang": (_kind(lambda: time.sleep(10_000)), "hang"),
}
"""Each with the problem that is to be reported."""

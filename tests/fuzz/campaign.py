"""Many cases: dealt to children, which are replaced when they hang or die."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection

from tests.fuzz.child import Case, Verdict, serve

PATIENCE = 40.0
START = 300.0
"""Seconds that a child may take to begin."""


class Child:
    """A process that carries out cases, started anew when one has killed it."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """``patience``: seconds after which a case hangs."""
        self._patience = patience
        self._start()

    def carry_out(self, case: Case) -> Verdict:
        """What became of a case; a hang and a crash are found out, too."""
        started = time.monotonic()
        self._pipe.send(case)
        try:
            if self._pipe.poll(self._patience):
                found: Verdict = self._pipe.recv()
                return found
            problem = "hang"
        except EOFError:
            self._process.join()
            problem = f"crash: exit code {self._process.exitcode}"
        self.close()
        self._start()
        return Verdict(case, problem, seconds=time.monotonic() - started)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._folder.cleanup()

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dcr-fuzz-")
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_begin, args=(theirs, self._folder.name), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START):
            raise RuntimeError("a child of the fuzzer does not begin")
        self._pipe.recv()


def _begin(pipe: Connection, folder: str) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    serve(pipe, folder)


def campaign(cases: Iterable[Case]) -> Iterator[Verdict]:
    """The verdicts of all cases, in order."""
    child = Child()
    try:
        for case in cases:
            yield child.carry_out(case)
    finally:
        child.close()


def spread(kinds: Iterable[str], count: int, seed: int) -> Iterator[Case]:
    """``count`` cases, as many of each kind."""
    listed = sorted(kinds)
    for number in range(count):
        yield Case(listed[number % len(listed)], 1 + seed + number // len(listed))

"""What a kind of file is to the fuzzer: how a valid one is made, what reads it, what it must say if taken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.commands import app
from tests.fuzz.mutate import Mutator

Step = Callable[[Path], None]
"""Works in the current folder, which is the case's own, where this file was damaged."""


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        make: writes valid files into the current folder.
        files: those that are damaged, one a case; each with its mutators.
        run: reads them as a command does.
        check: asserts, where they were taken, that their content is what another reader says, or what it was.
        codes: exit codes that are right.
    """

    make: Callable[[], None]
    files: dict[str, tuple[Mutator, ...]]
    run: Step
    check: Step
    codes: tuple[int, ...] = (0, 2)


KINDS: dict[str, Kind] = {}


def dcr(*arguments: object) -> None:
    """Run a command line in this process: raises ``SystemExit``."""
    app([str(argument) for argument in arguments], prog_name="dcr")

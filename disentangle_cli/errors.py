"""The errors dcr raises on purpose, each with the exit code the command line gives it.

Library code raises these; only :mod:`disentangle_cli.output` turns them into a line on stderr
and an exit code. Each message is one line that names the thing at fault and what to do.
"""


class DcrError(Exception):
    """Base class. ``exit_code`` is what the process ends with."""

    exit_code = 1


class UsageError(DcrError):
    """Bad usage or bad input: an unknown name, an unreadable file, values that do not fit."""

    exit_code = 2


class RunError(DcrError):
    """The run itself failed: I/O, a locked output, out of memory, divergence."""


class GateError(DcrError):
    """A quality gate (``--fail-under``) was not met."""

    exit_code = 3


class Interrupted(DcrError):
    """Stopped by a signal or a time limit; what was reached is saved."""

    exit_code = 130

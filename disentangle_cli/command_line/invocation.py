"""The command line of this process, as one types it."""

import shlex
import sys


def invocation() -> str:
    """``dcr`` and its arguments, quoted where a shell needs it."""
    return shlex.join(["dcr", *sys.argv[1:]])

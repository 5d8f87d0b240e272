import errno

import pytest

from disentangle_cli.errors import GateError, Interrupted, RunError, UsageError
from disentangle_cli.reporting import describe


class OutOfMemoryError(RuntimeError):
    """Has the name of torch's error."""


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("a.pt: not\n a checkpoint"), 2, "a.pt: not a checkpoint"),
        (RunError("diverged"), 1, "diverged"),
        (GateError("mig 0.1 < 0.2"), 3, "mig 0.1 < 0.2"),
        (Interrupted("state saved"), 130, "state saved"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), 1, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 1, "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "x.pt"), 1, "x.pt: the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x.pt"), 1, "x.pt: Permission denied"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x"), 2, "x: File name too long"),
        (KeyError("boom"), 1, "internal error: KeyError: 'boom'; run with --debug"),
    ],
)
def test_error_table(error: BaseException, code: int, message: str) -> None:
    found_code, found = describe(error)
    assert found_code == code
    assert found.startswith(message)
    assert "\n" not in found

"""Temporary files and folders that do not outlive a killed process for long, and syncing to the disk.

Each is locked by the process that made it, and the kernel frees the lock when that is gone. Whoever writes
into the same folder next removes what nobody holds. Where a file system has no locks nothing is removed.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"\.dcr-[0-9a-f]{12}(\..*)?", re.DOTALL)
_open: set[Path] = set()
UNSUPPORTED = {
    errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EISDIR,
}  # fmt: skip
"""What syncing fails with where a file system, or who may use it, does not allow it."""


@contextlib.contextmanager
def temporary(parent: Path, suffix: str = "", *, folder: bool = False) -> Iterator[tuple[Path, int]]:
    """A new file or folder in ``parent`` and a descriptor of it; removed at the end unless it was renamed.

    Raises:
        OSError: it cannot be made.
    """
    while True:
        path = parent / f".dcr-{secrets.token_hex(6)}{suffix}"
        if folder:
            path.mkdir()
            held = os.open(path, os.O_RDONLY)
        else:
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if _lock(held) is False or not path.exists():  # swept before it was locked
            os.close(held)
            continue
        break
    _open.add(path)
    try:
        yield path, held
    finally:
        remove_tree(path)
        _open.discard(path)
        os.close(held)


def are_open() -> bool:
    """Whether this process has any."""
    return bool(_open)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is only needed for now, where the system keeps such things."""
    parent = Path(tempfile.gettempdir())
    sweep(parent)
    with temporary(parent, folder=True) as (path, _):
        path.chmod(0o700)
        yield path


def sweep(parent: Path) -> None:
    """Remove what killed processes left of :func:`temporary` in a folder."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for path in [Path(entry.path) for entry in entries if NAME.fullmatch(entry.name)]:
            with contextlib.suppress(OSError):  # somebody else's, or gone by now
                _sweep_one(path)


def _sweep_one(path: Path) -> None:
    with unheld(path) as free:
        if free:
            remove_tree(path)


@contextlib.contextmanager
def unheld(path: Path) -> Iterator[bool]:
    """Hold the lock of what :func:`temporary` made; False where its process has it, or there are no locks.

    Raises:
        OSError: it cannot be opened.
    """
    # over NFS an exclusive lock wants a descriptor that can write
    mode = os.O_RDONLY if path.is_dir() else os.O_RDWR
    held = os.open(path, mode | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield _lock(held) is True
    finally:
        os.close(held)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents where they are missing, each synced.

    Raises:
        OSError: it cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where it can be told to.

    Raises:
        OSError: the disk failed.
    """
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return
        raise
    try:
        sync(held)
    finally:
        os.close(held)


def sync(held: int) -> None:
    """Have what was written to a file on the disk, where that can be told to.

    Raises:
        OSError: the disk failed.
    """
    try:
        os.fsync(held)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def has_locks(held: int) -> bool:
    """Whether the file system of an open file has locks."""
    return _lock(held) is not None


def _lock(held: int) -> bool | None:
    """Whether this process has the lock now; None where there are none."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def remove_tree(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what cannot be removed of it stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""Files on disk: atomic writes, locks and content hashes."""

import contextlib
import fcntl
import glob
import hashlib
import itertools
import os
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path

from disentangle_cli.errors import RunError
from disentangle_cli.output import log


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is synced and renamed to ``path``.

    The temporary name starts with a dot and keeps the suffix of ``path`` (libraries that choose
    a format by suffix work). If the block raises, nothing is left behind.

    Raises:
        RunError: the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(6)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    except RuntimeError as error:
        # torch.save closes its archive when a write has failed, and that fails in words of its own
        if isinstance(cause := error.__context__, OSError):
            raise RunError(f"cannot write {path}: {cause.strerror or cause}") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sweep(path: str | Path, pattern: bool = False) -> None:
    """Remove what killed processes left of :func:`atomic` writes to ``path``; its name may be a ``pattern``.

    Call it while holding the lock under which ``path`` is written.
    """
    path = Path(path)
    token = "[0-9a-f]" * 12  # exactly what `atomic` adds: a longer name belongs to another stem
    stem = path.stem if pattern else glob.escape(path.stem)
    for left in path.parent.glob(f".{stem}-{token}{path.suffix}"):
        left.unlink(missing_ok=True)


def write_atomic(path: str | Path, data: bytes | str) -> Path:
    """Write ``data`` to ``path`` atomically and return ``path``."""
    with atomic(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    return Path(path)


@contextlib.contextmanager
def locked(path: str | Path, busy: str, wait: bool = False, waiting: str = "") -> Iterator[None]:
    """Hold an exclusive lock on the file ``path`` (created if absent; the kernel frees it on exit).

    With ``wait`` it waits for the lock, and says so in the words of ``waiting``, if any; else:

    Raises:
        RunError: another process holds the lock; the message is ``busy``.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise RunError(f"cannot lock {path}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise RunError(busy) from None
            if waiting:
                log(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_name(stem: str, taken: Collection[str]) -> str:
    """``stem``, else ``stem-2`` and so on: the first that is not ``taken``."""
    others = (f"{stem}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([stem], others) if name not in taken)


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_dir() -> Path:
    """Where dcr keeps what it can make again: ``$DCR_CACHE``, else the platform's user cache."""
    if chosen := os.environ.get("DCR_CACHE"):
        return Path(chosen)
    if os.uname().sysname == "Darwin":
        return Path.home() / "Library" / "Caches" / "dcr"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dcr"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

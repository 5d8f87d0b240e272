"""Files on disk: writes that are whole or not there, locks and content hashes."""

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from disentangle_cli.errors import RunError
from disentangle_cli.output import log
from disentangle_cli.temporaries import make_folder, scratch, sweep, sync, sync_folder, temporary

INCOMPLETE = ".dcr-incomplete"
"""A file in a folder into which new files were being moved by a command that was killed."""


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file; when the block is over, what it holds is at ``path``, synced and in one step.

    Symbolic links are followed, and a file that is replaced hands its mode on. What is no file, such as a
    device or a FIFO, is written to and never replaced; so is what stdout or stderr goes to.

    The temporary name keeps the suffix of ``path`` (libraries that choose a format by suffix work). If the
    block raises, nothing is left behind.

    Raises:
        RunError: the folder or the file cannot be written, or the disk is full.
    """
    path = Path(path)
    with _told_of(path):
        if (stream := _stream(path)) is not None:
            with scratch() as folder:
                (found := folder / f"output{path.suffix}").touch()
                yield found
                _pour(found, path, stream)
            return
        target = Path(os.path.realpath(path))
        _check_replaceable(target)
        make_folder(target.parent)
        sweep(target.parent)
        with temporary(target.parent, target.suffix) as (found, held):
            yield found
            _pass_on_mode(target, found)
            sync(held)
            found.replace(target)
            sync_folder(target.parent)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder; when the block is over, its files are in the folder ``path``, synced.

    A new folder appears in one step. In one that is there, files of the same names are replaced one by one
    and the others stay; meanwhile it holds a file :data:`INCOMPLETE`, which stays if the process is killed.

    Raises:
        RunError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    with _told_of(path):
        target = Path(os.path.realpath(path))
        there = target.exists()
        parent = target if there else target.parent
        make_folder(parent)
        sweep(parent)
        with temporary(parent, folder=True) as (found, held):
            yield found
            files = sorted(found.iterdir())
            for file in files:
                with file.open("rb") as written:
                    sync(written.fileno())
            sync(held)
            if there:
                _move(files, target)
            else:
                found.rename(target)
            sync_folder(parent)


def remove(path: Path) -> None:
    """Remove a file, through symbolic links, which stay; what is no file, such as a device, stays too.

    Raises:
        RunError: it cannot be removed.
    """
    target = Path(os.path.realpath(path))
    if target.is_file():
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"cannot remove {path}: {error.strerror}") from error


def holds_something(path: str | Path) -> bool:
    """Whether writing to ``path`` costs what a file holds: none that is empty, no device, no stream."""
    path = Path(path)
    return path.is_file() and path.stat().st_size > 0 and _stream(path) is None


def is_stdout(path: str | Path) -> bool:
    """Whether ``path`` is where stdout goes, by whatever name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Turn what writing to ``path`` fails with into one line."""
    try:
        yield
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    except RuntimeError as error:
        # torch.save closes its archive when a write has failed, and that fails in words of its own
        if isinstance(cause := error.__context__, OSError):
            raise RunError(f"cannot write {path}: {cause.strerror or cause}") from error
        raise


def _stream(path: Path) -> int | None:
    """What ``path`` is written through: 1 or 2 for what stdout or stderr goes to, -1 for what is no file.

    None for other files, for folders and for what is not there.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    if stat.S_ISBLK(found.st_mode):
        raise RunError(f"cannot write {path}: it is a disk")
    for number in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.fstat(number)):
                return number
    return None if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) else -1


def _pour(source: Path, path: Path, stream: int) -> None:
    if stream == 1:
        sys.stdout.flush()
    target = os.dup(stream) if stream > 0 else os.open(path, os.O_WRONLY | os.O_NOCTTY)
    try:
        with source.open("rb") as reading, open(target, "wb") as writing:
            shutil.copyfileobj(reading, writing)
    except BrokenPipeError:
        if stream < 0:  # a reader of stdout that has seen enough is no failure
            raise


def _check_replaceable(target: Path) -> None:
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")


def _pass_on_mode(target: Path, found: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        earlier = target.stat()
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(found, earlier.st_uid, earlier.st_gid)
        found.chmod(stat.S_IMODE(earlier.st_mode))


def _move(files: Sequence[Path], folder: Path) -> None:
    for file in files:
        _check_replaceable(Path(os.path.realpath(folder / file.name)))
    mark = folder / INCOMPLETE
    mark.write_text("A command was writing files into this folder. If it was killed, run it again.\n")
    sync_folder(folder)
    for file in files:
        target = folder / file.name
        if target.is_symlink() or (target.exists() and not target.is_file()):
            with atomic(target) as found:
                shutil.copyfile(file, found)
        else:
            _pass_on_mode(target, file)
            file.replace(target)
    sync_folder(folder)
    mark.unlink()


def write_atomic(path: str | Path, data: bytes | str) -> Path:
    """Write ``data`` to ``path`` atomically and return ``path``."""
    with atomic(path) as temporary:
        temporary.write_bytes(data.encode(errors="backslashreplace") if isinstance(data, str) else data)
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
        make_folder(path.parent)
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


def clear_cached(path: Path) -> None:
    """Make room for a file of a cache: what is no file there, such as a FIFO, would be written to."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path.unlink()


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

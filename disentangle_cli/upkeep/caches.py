"""What dcr keeps in its cache folder: how much, what for, and removing it.

Only what is named and, where it can be told, begins as dcr's own files do is ever touched. Nothing is
followed that is a link. What another process is making right now, whose lock it holds, stays.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.files import cache_dir, locked
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.temporaries import NAME, remove_tree, unheld

LEFTOVERS = "leftovers"
ANYWHERE = ".*"


@dataclass(frozen=True)
class Kind:
    """What files of one kind are called and are for, in which folders (a pattern), and how they begin."""

    name: str
    folder: str
    pattern: re.Pattern[str]
    purpose: str
    start: bytes = b""
    many: bool = False
    """Whether there are so many of them that nobody looks at one."""


KINDS = (
    Kind(
        "images", "datasets", re.compile(r".+\.pixels", re.DOTALL),
        "images of a data set that took long to draw or to decode", b"dcr-pixels",
    ),
    Kind(
        "evaluations", "centrality/[0-9a-f]{2}", re.compile(r"[0-9a-f]{64}\.npz"),
        "what dcr centrality computed of models and of pairs of them", many=True,
    ),
    Kind(
        "classifiers", r"\.", re.compile(r"classifier-[0-9a-f]{16}\.pt"),
        "networks that tell the classes of a data set, for inception_score and its kin",
    ),
    Kind(
        LEFTOVERS, ANYWHERE, NAME,
        "half-written files of commands that were killed", many=True,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One file (or folder of a killed command) in the cache."""

    kind: Kind
    path: Path
    bytes: int
    changed: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class Stayed:
    """What was to be removed and is still there, and why."""

    path: Path
    reason: str


def kept(folder: Path | None = None) -> list[Kept]:
    """Everything of dcr's own in the cache folder, by kind, the largest first."""
    found = [one for kind in KINDS for one in _of_kind(kind, folder or cache_dir())]
    order = [kind.name for kind in KINDS]
    return sorted(found, key=lambda one: (order.index(one.kind.name), -one.bytes, one.path.name))


def choose(found: Iterable[Kept], wanted: Iterable[str]) -> list[Kept]:
    """Those of ``found`` that are of a kind or a name that is wanted; all where nothing is named.

    Raises:
        UsageError: a name is neither.
    """
    found, wanted = list(found), list(wanted)
    known = [kind.name for kind in KINDS] + [one.path.name for one in found]
    for name in wanted:
        if name not in known:
            kinds = ", ".join(kind.name for kind in KINDS)
            meant = did_you_mean(name, known, dotted=False)
            raise UsageError(f"nothing in the cache is called {name!r}; kinds are {kinds}{meant}")
    return [one for one in found if not wanted or one.kind.name in wanted or one.path.name in wanted]


def clear(chosen: Iterable[Kept], dry_run: bool = False) -> tuple[list[Kept], list[Stayed]]:
    """Remove files from the cache; what somebody holds the lock of, or what cannot be removed, stays.

    With ``dry_run`` nothing is removed; the answer is the same.
    """
    removed: list[Kept] = []
    stayed: list[Stayed] = []
    for one in chosen:
        try:
            with _locked(one):
                if not dry_run:
                    _remove(one.path)
            removed.append(one)
        except RunError as error:
            stayed.append(Stayed(one.path, str(error)))
        except OSError as error:
            stayed.append(Stayed(one.path, error.strerror or str(error)))
    return removed, stayed


def foreign(folder: Path | None = None) -> list[Path]:
    """Files in the cache folder that are not dcr's; they are never touched."""
    folder = folder or cache_dir()
    own = {one.path for one in kept(folder)}
    return sorted(
        path
        for path in _walk(folder)
        if path not in own and path.suffix != ".lock" and not any(parent in own for parent in path.parents)
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_tree(path)
    else:
        path.unlink()


def _of_kind(kind: Kind, folder: Path) -> Iterator[Kept]:
    for path in _walk(folder):
        here = re.fullmatch(kind.folder, path.parent.relative_to(folder).as_posix())
        if here and kind.pattern.fullmatch(path.name) and (size := _size(path, kind)) is not None:
            yield Kept(kind, path, size, path.lstat().st_mtime)


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, and folders of killed commands; nothing that is a link, nothing behind one."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and not NAME.fullmatch(entry.name):
            yield from _walk(folder / entry.name)
        elif not entry.is_symlink():
            yield folder / entry.name


def _size(path: Path, kind: Kind) -> int | None:
    """Bytes of a file of this kind, or of all files in a folder; None for what is something else."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return sum(inner.lstat().st_size for inner in path.rglob("*"))
        if not stat.S_ISREG(mode):
            return None
        if kind.start:
            with path.open("rb") as file:
                if file.read(len(kind.start)) != kind.start:
                    return None
        return path.lstat().st_size
    except OSError:
        return None


@contextlib.contextmanager
def _locked(one: Kept) -> Iterator[None]:
    """Hold the lock that goes with a file, where there is one; a lock file stays when it is free again.

    Raises:
        RunError: another process holds it.
    """
    if one.kind.name == LEFTOVERS:
        with unheld(one.path) as free:
            if not free:
                raise RunError("another process is writing it")
            yield
        return
    lock = one.path.with_suffix(".lock")
    if not lock.is_file():
        yield
        return
    with locked(lock, "another process is making it"):
        yield

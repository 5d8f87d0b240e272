"""Which files under a folder or in a zip archive are images, links and all; what is left out is told."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.data.zipped import File, zipped_files
from disentangle_cli.errors import UsageError
from disentangle_cli.output import log, warn

_READ = "png apng jpg jpeg jpe jfif jfi jif bmp dib gif webp tif tiff ppm pgm pbm pnm"
_NOT_READ = (
    "avif avifs heic heif hif jp2 j2k jpf jpx jxl jxr tga svg svgz psd exr hdr dds ico icns pcx sgi ras xbm "
    "xpm pfm raw dng cr2 cr3 nef arw orf rw2 raf eps pdf dcm mpo fits fit"
)
SUFFIXES = frozenset(f".{name}" for name in _READ.split())
OTHER_SUFFIXES = frozenset(f".{name}" for name in _NOT_READ.split())
"""Of images that are not read."""
SETS = frozenset({".npz", ".npy", ".h5", ".hdf5", ".zip", ".pt", ".pth"})
"""Of files that are data sets by themselves."""
TABLE = "factors.csv"


@dataclass(frozen=True)
class Listing:
    """What a folder or an archive holds.

    Attributes:
        root: the folder or the archive.
        names: of the images, sorted: paths within it.
        files: the images, in the same order.
        ignored: paths of what is neither an image nor the table of labels, sorted.
        table: the table of labels ``factors.csv``, if there is one.
    """

    root: Path
    names: tuple[str, ...]
    files: tuple[File, ...]
    ignored: tuple[str, ...]
    table: File | None

    def measured(self) -> tuple[int, str]:
        """Bytes of all images (packed, in an archive), and a text that is another when one may have changed.

        Raises:
            UsageError: one is not there; names it.
        """
        whole = self.root.is_file()
        places = [("", self.root)] if whole else [*zip(self.names, map(str, self.files), strict=True)]
        lines, total = list(self.names) if whole else [], 0
        for name, place in places:
            try:
                status = os.stat(place)
            except OSError as error:
                raise UsageError(f"{place}: cannot be read ({error.strerror})") from error
            lines.append(f"{name} {status.st_size} {status.st_mtime_ns}")
            total += status.st_size
        return total, "\n".join(lines)


def list_folder(folder: Path) -> Listing:
    """The images under ``folder``.

    Links to folders are followed, each folder is taken once. Warned about are images of other kinds, what has
    the name of an image but is no file (it is not opened), and links to folders that are there already.

    Raises:
        UsageError: there is none, or the folder, or one in it, cannot be listed; names it.
    """
    left_out: Counter[str] = Counter()
    named = {path.relative_to(folder).as_posix(): path for path in _entries(folder, left_out)}
    special = {name for name, path in named.items() if _has(name, SUFFIXES) and _is_special(path)}
    if special:
        left_out["pipes, sockets or devices"] += len(special)
    # a link that leads nowhere is one that should lead somewhere
    table = folder / TABLE if os.path.lexists(folder / TABLE) else None
    return _listing(folder, named, special, table, left_out)


def list_archive(archive: Path) -> Listing:
    """The images in a zip archive, named as in the folder that was packed: a top folder of all is left out.

    Raises:
        UsageError: there is none, or the archive cannot be read; names it.
    """
    # some that were made on Windows have backslashes
    named = {file.name.replace("\\", "/"): file for file in zipped_files(archive)}
    if len({name.partition("/")[0] for name in named}) == 1 and all("/" in name for name in named):
        named = {name.partition("/")[2]: file for name, file in named.items()}
    return _listing(archive, named, set(), named.get(TABLE), Counter())


def is_image(name: str) -> bool:
    """Whether a file is an image by its name."""
    return _has(name, SUFFIXES)


def _listing(
    root: Path, named: Mapping[str, File], special: set[str], table: File | None, left_out: Counter[str]
) -> Listing:
    images = sorted(name for name in named if _has(name, SUFFIXES) and name not in special)
    others = sorted(name for name in named if not _has(name, SUFFIXES) and name != TABLE)
    for name in others:
        if _has(name, OTHER_SUFFIXES):
            left_out[f"{Path(name).suffix.lower()} files, which are not read"] += 1
    for what, count in sorted(left_out.items()):
        warn(f"{root}: left out {count} {what}")
    if not images:
        what = "folder" if root.is_dir() else "archive"
        if what == "folder" and (sets := [name for name in others if _has(name, SETS)]):
            raise UsageError(f"{root}: no images in this folder; give the file itself: {root / sets[0]}")
        raise UsageError(f"{root}: no images in this {what}; it may hold {', '.join(sorted(SUFFIXES))}")
    ignored = sorted([*others, *special])
    return Listing(root, tuple(images), tuple(named[name] for name in images), tuple(ignored), table)


def _has(name: str, suffixes: Iterable[str]) -> bool:
    return Path(name).suffix.lower() in suffixes


def _entries(folder: Path, left_out: Counter[str]) -> Iterator[Path]:
    """What is under ``folder`` and no folder itself, hidden ones aside; links to folders come last."""

    def refuse(error: OSError) -> None:
        raise UsageError(f"{error.filename}: cannot be listed ({error.strerror})")

    seen: set[tuple[int, int]] = set()
    roots = [folder]
    while roots:
        linked: list[Path] = []
        for root in roots:
            for parent, folders, names in os.walk(root, onerror=refuse):
                if (key := _identity(parent)) in seen:
                    left_out["links to folders that are there already"] += 1
                    folders.clear()
                    continue
                seen.add(key)
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                linked += [path for name in folders if (path := Path(parent, name)).is_symlink()]
                yield from (Path(parent, name) for name in names if not name.startswith("."))
        if linked:
            log(f"{folder}: follows {len(linked)} links to folders, such as {linked[0].name}")
        roots = linked


def _identity(folder: str) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _is_special(path: Path) -> bool:
    """Whether it is neither a file nor a link that leads nowhere, which reading it will tell."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False

"""Which files under a folder are images, links and all; what is left out is told."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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


def image_files(folder: Path) -> list[Path]:
    """The image files under ``folder``, sorted by their relative paths.

    Links to folders are followed, each folder is taken once. Warned about are images of other kinds, what has
    the name of an image but is no file (it is not opened), and links to folders that are there already.

    Raises:
        UsageError: the folder, or one in it, cannot be listed; names it.
    """
    found: list[Path] = []
    left_out: Counter[str] = Counter()
    for path in _entries(folder, left_out):
        suffix = path.suffix.lower()
        if suffix in OTHER_SUFFIXES:
            left_out[f"{suffix} files, which are not read"] += 1
        elif suffix in SUFFIXES and _is_special(path):
            left_out["pipes, sockets or devices"] += 1
        elif suffix in SUFFIXES:
            found.append(path)
    for what, count in sorted(left_out.items()):
        warn(f"{folder}: left out {count} {what}")
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


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

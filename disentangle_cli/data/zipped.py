"""Files in a zip archive, opened as files of a folder are."""

import contextlib
import functools
import io
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from disentangle_cli.errors import UsageError
from disentangle_cli.reading import check_growth, explained, reading

COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How files may be packed; others can inflate to a million times their size."""
MAX_MEMBER = 2**28
"""Bytes of one file, which is held in memory: more than the largest picture that is read takes unpacked."""
_ENCRYPTED = 1
_DAMAGED = "not a zip file, or a damaged one"


@dataclass(frozen=True)
class Zipped:
    """A file in an archive; ``changed`` is the archive's time of change in nanoseconds."""

    archive: Path
    name: str
    changed: int

    @property
    def suffix(self) -> str:
        """The ending of its name, with the dot."""
        return Path(self.name).suffix

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"


File = Path | Zipped


@contextlib.contextmanager
def opened(file: File, problem: str, limit: int) -> Iterator[BinaryIO]:
    """Open a file for a parser that works in the block, as :func:`~disentangle_cli.reading.reading` does.

    Raises:
        UsageError: it is missing, too large or cannot be unpacked, or the parser stopped.
    """
    if isinstance(file, Path):
        with reading(file, problem, limit) as stream:
            yield stream
    else:
        with explained(str(file), problem):
            yield io.BytesIO(_unpacked(file, min(limit, MAX_MEMBER)))


def zipped_files(archive: Path) -> list[Zipped]:
    """The files in an archive, folders, links and what hides itself (``.x``, ``__MACOSX``) left out.

    Raises:
        UsageError: it is no zip archive, is damaged, or holds a file twice; names it.
    """
    found = _directory(archive, _stamp(archive)).infolist()
    shown = [member for member in found if _is_shown(member)]
    if len({member.filename for member in shown}) < len(shown):
        raise UsageError(f"{archive}: holds two files of one name; unpack it and give the folder")
    return [Zipped(archive, member.filename, _stamp(archive)) for member in shown]


def _is_shown(member: zipfile.ZipInfo) -> bool:
    parts = member.filename.split("/")
    hidden = parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)
    return not (member.is_dir() or hidden or stat.S_ISLNK(member.external_attr >> 16))


def _stamp(archive: Path) -> int:
    try:
        return archive.stat().st_mtime_ns
    except OSError as error:
        raise UsageError(f"{archive}: {error.strerror}") from None


@functools.lru_cache(maxsize=1)
def _directory(archive: Path, changed: int) -> zipfile.ZipFile:
    """The archive, kept open: a directory of 100,000 files is not read again for each of them."""
    with reading(archive, _DAMAGED) as file:
        return zipfile.ZipFile(os.fdopen(os.dup(file.fileno()), "rb"))


def _unpacked(file: Zipped, limit: int) -> bytes:
    """What a file holds; its checksum is compared.

    Raises:
        UsageError: it is encrypted, packed in another way, too large or damaged, or the archive has changed.
    """
    if _stamp(file.archive) != file.changed:
        raise UsageError(f"{file.archive}: has changed while it was read; start again")
    archive = _directory(file.archive, file.changed)
    member = archive.getinfo(file.name)
    if member.flag_bits & _ENCRYPTED:
        raise UsageError(f"{file}: is encrypted; unpack the archive and give the folder")
    if member.compress_type not in COMPRESSION:
        raise UsageError(f"{file}: is packed in a way that dcr does not read; unpack it and give the folder")
    if member.file_size > limit:
        raise UsageError(f"{file}: too large ({member.file_size:,} bytes, at most {limit:,})")
    check_growth(str(file), "it", member.file_size, member.compress_size)
    with archive.open(member) as stream:
        return stream.read()

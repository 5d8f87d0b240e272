"""The zip archive that ``torch.save`` writes, taken byte for byte.

Two zip readers can disagree about the same file: one trusts the directory at its end, another the headers
before the members. Here every byte outside of the members must be the one that ``torch.save`` writes, so that
there is one way to read the file: stored members without gaps, the directory, the end. The members
themselves have CRC-32 checksums, which :meth:`Archive.read` compares in the bytes it hands out.
"""

import re
import struct
import zlib
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO, cast

import torch
from torch import Tensor

MAGIC = b"PK\x03\x04"
LARGEST = 2**32 - 2**16
"""Bytes: from 4 GiB on, the fields of a zip archive are others. Models here have some megabytes."""
_FLAGS = 0x0808  # names are UTF-8, and sizes follow the data
_FLAGS_EMPTY = 0x0800  # nothing follows no data
_LOCAL = struct.Struct("<4s5H3I2H")
_DESCRIPTOR = struct.Struct("<4s3I")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4sQ2H2I4Q4sIQI4s4H2IH")  # of zip64, its locator, and the old one
_KNOWN = re.compile(
    r"data\.pkl|byteorder|version|\.format_version|\.storage_alignment|\.data/serialization_id|data/\d{1,9}"
)


@dataclass(frozen=True)
class Member:
    """Where the bytes of a member lie in the file, and their CRC-32."""

    start: int
    size: int
    checksum: int


class Archive:
    """The members of an open archive of ``size`` bytes, by their names below its one folder.

    Every method raises ValueError with the reason, where the archive is not as ``torch.save`` writes it.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Check everything but the members' bytes."""
        self._file = file
        if not _END.size <= size <= LARGEST:
            raise ValueError("truncated" if size < _END.size else "larger than 4 GiB")
        self.members: dict[str, Member] = {}
        count, directory_size, directory = self._end(size)
        entries = self._bytes(directory, directory_size)
        position, at = 0, 0
        for _ in range(count):
            if len(entries) < at + _ENTRY.size:
                raise ValueError("its directory ends too early")
            fields = _ENTRY.unpack_from(entries, at)
            checksum, length, name_length = fields[7], fields[9], fields[10]
            raw = entries[at + _ENTRY.size : at + _ENTRY.size + name_length]
            flags = _FLAGS if length else _FLAGS_EMPTY
            written = (b"PK\1\2", 0, 0, flags, 0, 0, 0, checksum, length, length, len(raw), 0, 0, 0, 0, 0)
            if fields[4]:
                raise ValueError("it is compressed, as TorchScript programs are, which dcr never runs")
            if fields != (*written, position):
                raise ValueError("its directory is not as torch.save writes it")
            member = self._member(position, raw, length, checksum)
            self._add(raw, member)
            position = member.start + member.size + (_DESCRIPTOR.size if length else 0)
            at += _ENTRY.size + name_length
        if position != directory or at != directory_size:
            raise ValueError("its members do not fill it")

    def read(self, name: str) -> Tensor:
        """The bytes of a member, (size,) uint8, in memory of their own.

        Raises:
            ValueError: there is no such member, or it is not what was written.
        """
        member = self.members.get(name)
        if member is None:
            raise ValueError(f"it has no {name}")
        found = torch.empty(member.size, dtype=torch.uint8)
        fill(self._file, member.start, found)
        if zlib.crc32(found.numpy().data) != member.checksum:
            raise ValueError(f"the checksum of {name} does not match")
        return found

    def _end(self, size: int) -> tuple[int, int, int]:
        """Number of entries, and length and place of the directory, which the last 98 bytes tell."""
        found = _END.unpack(self._bytes(size - _END.size, _END.size))
        count, length = found[18], found[19]
        place = size - _END.size - length
        end64 = (b"PK\6\6", 44, 0x031E, 45, 0, 0, count, count, length, place)
        locator = (b"PK\6\7", 0, place + length, 1)
        if place < 0 or found != (*end64, *locator, b"PK\5\6", 0, 0, count, count, length, place, 0):
            raise ValueError("it is truncated or does not end as torch.save ends a file")
        return count, length, place

    def _member(self, position: int, raw: bytes, length: int, checksum: int) -> Member:
        """Compare a member's header, the padding after it and the descriptor behind its data."""
        header = self._bytes(position, _LOCAL.size + len(raw) + 4)
        padding = int.from_bytes(header[-2:], "little")
        flags = _FLAGS if length else _FLAGS_EMPTY
        fields = (MAGIC, 0, flags, 0, 0, 0, 0, 0, 0, len(raw), padding + 4)
        head = header[_LOCAL.size :]
        if _LOCAL.unpack_from(header) != fields or head[:-2] != raw + b"FB":
            raise ValueError("a header is not as torch.save writes it")
        start = position + len(header) + padding
        if self._bytes(position + len(header), padding).strip(b"Z"):
            raise ValueError("there are bytes between its members")
        if not length:
            return Member(start, length, checksum)
        behind = _DESCRIPTOR.unpack(self._bytes(start + length, _DESCRIPTOR.size))
        if behind != (b"PK\7\x08", checksum, length, length):
            raise ValueError("its directory and its headers disagree")
        return Member(start, length, checksum)

    def _add(self, raw: bytes, member: Member) -> None:
        folder, _, name = raw.decode("utf-8", "replace").partition("/")
        if not self.members:
            self._folder = folder
        if folder != self._folder or not _KNOWN.fullmatch(name):
            raise ValueError("it has members that no file of tensors has")
        if name in self.members:
            raise ValueError(f"it has {name} twice")
        self.members[name] = member

    def _bytes(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        found = self._file.read(length)
        if len(found) != length:
            raise ValueError("truncated")
        return found


def fill(file: BinaryIO, start: int, tensor: Tensor) -> None:
    """Read the bytes at ``start`` into ``tensor``, (n,) uint8.

    Raises:
        ValueError: the file ends before that.
    """
    file.seek(start)
    if cast(BufferedReader, file).readinto(tensor.numpy().data) != len(tensor):
        raise ValueError("truncated")

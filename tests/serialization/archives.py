"""Archives with any members, written as ``torch.save`` writes them."""

import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import torch


def write_archive(target: Path | BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """An archive of torch's own writer, which adds ``version`` and an identity."""
    writer = torch._C.PyTorchFileWriter(str(target) if isinstance(target, Path) else target)
    for name, data in members:
        writer.write_record(name, data, len(data))
    writer.write_end_of_file()


def members_of(path: Path) -> dict[str, bytes]:
    """Names below the folder, but for what the writer adds itself."""
    with zipfile.ZipFile(path) as archive:
        found = {info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()}
    return {name: data for name, data in found.items() if name not in ("version", ".data/serialization_id")}


def rewrite(path: Path, change: Callable[[str, bytes], bytes], **more: bytes) -> None:
    """Write the archive anew, with checksums that fit, every member changed."""
    members = {name: change(name, data) for name, data in members_of(path).items()}
    write_archive(path, [*members.items(), *more.items()])


def pickle_of(value: bytes) -> bytes:
    """Protocol 2, then the instructions, then the end."""
    return b"\x80\x02" + value + b"."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def flips(data: bytes, step: int = 1, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Every ``step``-th single-bit change of ``data``: the bit's number, and what becomes of the data."""
    for bit in range(start, 8 * len(data), step):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)

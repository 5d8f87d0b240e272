"""A file of images that is read through a memory map, every byte of which has a checksum.

It begins with a line of 4,096 bytes (name and version of the format, the SHA-256 of what follows in it, JSON,
blanks; ``key`` in it names the source and its state), then come the rows, a checksum of each block of rows
(the first eight bytes of its SHA-256) and notes of the source, if it has any: JSON. A block has about 4 KiB,
a page of memory: what is read is what is checked, and a batch of single images needs no more of the disk than
without.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.pixels import Layout, Source
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

FORMAT = b"dcr-pixels"
VERSION = 2
HEADER = 4096
BLOCK = 4096
"""Bytes of a block; an image that has more is a block of its own."""
SUM = 8


class Unusable(Exception):
    """Why a file cannot be used."""


class Outdated(Unusable):
    """It is sound, but its source has changed since, or an earlier dcr wrote it."""


@dataclass(frozen=True, eq=False)
class PackedFile:
    """An open file: ``rows (N, row) uint8`` mapped, ``sums (blocks, 8) uint8``, SHA-256 of rows, notes."""

    layout: Layout
    rows: Bytes
    sums: Bytes
    digest: str
    notes: Mapping[str, Any]

    def is_sound(self, block: int) -> bool:
        """Whether the rows of a block are those that were written."""
        step = rows_per_block(self.layout)
        return _sum(self.rows[block * step : (block + 1) * step]) == bytes(self.sums[block])


def rows_per_block(layout: Layout) -> int:
    """How many images a block has."""
    return max(1, BLOCK // layout.row)


def read_packed(path: Path, key: str) -> PackedFile:
    """Open a file that was made from the source ``key``; the header and the checksums are checked.

    Raises:
        Unusable: it is damaged, or no such file.
        Outdated: it was made from something else, or by an earlier dcr.
    """
    try:
        with reading(path, "cannot be read") as file:
            header = _header(file.read(HEADER))
            if header["key"] != key:
                raise Outdated("made from another version of the data")
            layout = Layout(header["count"], tuple(header["shape"]), header["packed"])
            blocks = -(-layout.count // rows_per_block(layout))
            told = header.get("notes", {"bytes": 0})
            if os.fstat(file.fileno()).st_size != HEADER + layout.nbytes + SUM * blocks + told["bytes"]:
                raise Unusable("the file is truncated or has bytes too many")
            file.seek(HEADER + layout.nbytes)
            sums = file.read(SUM * blocks)
            if hashlib.sha256(sums).hexdigest() != header["sums"]:
                raise Unusable("the checksums in the file are damaged")
            notes = file.read(told["bytes"])
            if notes and hashlib.sha256(notes).hexdigest() != told["sha256"]:
                raise Unusable("the notes in the file are damaged")
            rows = np.memmap(file, np.uint8, "r", HEADER, (layout.count, layout.row))
    except UsageError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, Unusable) else Unusable(error) from None
    kept = np.frombuffer(sums, np.uint8).reshape(-1, SUM)
    return PackedFile(layout, rows, kept, header["sha256"], json.loads(notes) if notes else {})


def write_packed(file: BinaryIO, key: str, source: Source) -> None:
    """Write the images of ``source`` into an empty file."""
    layout, count = source.layout, 0
    digest, sums = hashlib.sha256(), bytearray()
    file.seek(HEADER)
    for block in _regrouped(source.blocks, rows_per_block(layout)):
        file.write(block.data)
        digest.update(block.data)
        count += len(block)
        sums += _sums(block, rows_per_block(layout))
    file.write(sums)
    notes = json.dumps(found).encode() if (found := source.notes()) else b""
    file.write(notes)
    told = {
        "key": key,
        "count": count,
        "shape": layout.shape,
        "packed": layout.packed,
        "sha256": digest.hexdigest(),
        "sums": hashlib.sha256(sums).hexdigest(),
        **({"notes": {"bytes": len(notes), "sha256": hashlib.sha256(notes).hexdigest()}} if notes else {}),
    }
    start = b"%s %d " % (FORMAT, VERSION)
    text = json.dumps(told).encode().ljust(HEADER - len(start) - 65)
    file.seek(0)
    file.write(start + hashlib.sha256(text).hexdigest().encode() + b" " + text)


def _header(head: bytes) -> dict[str, Any]:
    words = head.split(b" ", 3)
    if head.startswith(b'{"format": "dcr-pixels"'):
        raise Outdated("made by an earlier dcr")
    if len(words) != 4 or words[0] != FORMAT:
        raise Unusable("this is not an image cache")
    if words[1] != b"%d" % VERSION:
        version = words[1][:8].decode(errors="replace")
        raise Unusable(f"this is version {version} of the cache format, not {VERSION}")
    if len(head) != HEADER or hashlib.sha256(words[3]).hexdigest().encode() != words[2]:
        raise Unusable("the file's header is damaged")
    header: dict[str, Any] = json.loads(words[3])
    return header


def _regrouped(blocks: Iterable[Bytes], rows: int) -> Iterable[Bytes]:
    """The same rows in pieces of a multiple of ``rows``, but for the last."""
    rest: list[Bytes] = []
    for block in blocks:
        rest.append(block)
        if (count := sum(map(len, rest))) >= rows:
            whole = np.concatenate(rest)
            yield whole[: count // rows * rows]
            rest = [whole[count // rows * rows :]]
    if rest and len(last := np.concatenate(rest)):
        yield last


def _sums(rows: Bytes, step: int) -> bytes:
    return b"".join(_sum(rows[start : start + step]) for start in range(0, len(rows), step))


def _sum(rows: Bytes) -> bytes:
    return hashlib.sha256(rows.data).digest()[:SUM]

"""Images kept in a file of the cache folder and read through a memory map.

A cache file is a header of 4,096 bytes (JSON, padded with blanks) and then the rows. It is written
under another name and renamed when complete. On opening, these are checked: the header's format and
version, that it was made from the same source (``key``), the exact length of the file, and the
SHA-256 of 64 evenly spaced samples of 16 KiB, the first and the last bytes among them. That
takes milliseconds. A damaged byte between the samples is not noticed here; :func:`verified` reads everything.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_cli import output
from disentangle_cli.data.pixels import Layout, Pixels, Source, in_memory
from disentangle_cli.errors import RunError
from disentangle_cli.files import atomic, cache_dir, locked

FORMAT = "dcr-pixels"
VERSION = 1
HEADER = 4096
SAMPLES = 64
SAMPLE = 16 * 1024
MEMORY_LIMIT = 512 * 2**20  # bytes that are held in memory when the cache folder cannot be written


class _Unusable(Exception):
    """Why a cache file cannot be used."""


class _Outdated(_Unusable):
    """It is sound, but its source has changed since."""


def cache_path(stem: str) -> Path:
    """Where the images called ``stem`` are kept."""
    return cache_dir() / "datasets" / f"{stem}.pixels"


def is_cached(stem: str, key: str) -> bool:
    """Whether usable images of that name and source are there."""
    return _open(cache_path(stem), key) is not None


def cached(stem: str, key: str, build: Callable[[], Source], what: str) -> Pixels:
    """The images kept as ``stem``, made by ``build`` and kept if they are not there or unusable.

    Two processes may ask at once: one makes the file, the other waits for it. Where the folder cannot
    be written, images of up to 512 MiB are held in memory, with a warning.

    Args:
        stem: name of the cache file.
        key: names the source and its state; images made from another key are made again.
        build: gives the images; called only when they are needed.
        what: what messages call the images.

    Raises:
        RunError: the cache folder cannot be written and the images are too large for memory.
    """
    path = cache_path(stem)
    if found := _open(path, key):
        return found
    try:
        waiting = f"waiting for another process that is making {what}"
        with locked(path.with_suffix(".lock"), f"{path} is locked", wait=True, waiting=waiting):
            if found := _open(path, key, say=True):  # another process made it while this one waited
                return found
            _write(path, key, build(), what)
    except RunError as error:
        source = build()
        if source.layout.nbytes > MEMORY_LIMIT:
            raise RunError(f"{error}; set DCR_CACHE to a folder with {_mib(source.layout)} free") from None
        output.warn(f"{error}; holding {what} in memory ({_mib(source.layout)})")
        return in_memory(source)
    if found := _open(path, key):
        return found
    raise RunError(f"{path}: what was just written cannot be read back; is the disk sound?")


def verified(pixels: Pixels) -> bool:
    """Whether every byte of the stored images is still what was written (reads all of them)."""
    digest = hashlib.sha256()
    step = max(1, (8 << 20) // pixels.layout.row)
    for start in range(0, pixels.layout.count, step):
        digest.update(np.ascontiguousarray(pixels.rows[start : start + step]).data)
    return digest.hexdigest() == pixels.digest


def _open(path: Path, key: str, say: bool = False) -> Pixels | None:
    """The images in ``path``, or None when there are none to be used (``say``: and why)."""
    try:
        return _read(path, key)
    except FileNotFoundError:
        return None
    except _Outdated as reason:
        if say:
            output.log(f"{path}: {reason}; making it again")
    except (_Unusable, OSError) as reason:
        if say:
            output.warn(f"{path}: {reason}; making it again")
    return None


def _read(path: Path, key: str) -> Pixels:
    with path.open("rb") as file:
        header = _parse(file.read(HEADER))
        if header["key"] != key:
            raise _Outdated("made from another version of the data")
        layout = Layout(header["count"], tuple(header["shape"]), header["packed"])
        if path.stat().st_size != HEADER + layout.nbytes:
            raise _Unusable("the file is truncated or has bytes too many")
    rows = np.memmap(path, np.uint8, "r", HEADER, (layout.count, layout.row))
    if _sampled(rows) != header["sampled"]:
        raise _Unusable("the file's checksum is wrong")
    return Pixels(layout, rows, header["sha256"])


def _parse(head: bytes) -> dict[str, Any]:
    try:
        header = json.loads(head)
    except ValueError:
        raise _Unusable("the file has no readable header") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _Unusable("this is not an image cache")
    if header.get("version") != VERSION:
        raise _Unusable(f"this is version {header.get('version')} of the cache format, not {VERSION}")
    kinds = {"key": str, "count": int, "shape": list, "packed": bool, "sha256": str, "sampled": str}
    if any(not isinstance(header.get(name), kind) for name, kind in kinds.items()):
        raise _Unusable("the file's header is incomplete")
    return header


def _sampled(rows: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    flat = rows.reshape(-1)
    digest = hashlib.sha256()
    for start in np.linspace(0, max(0, flat.size - SAMPLE), SAMPLES).astype(np.int64):
        digest.update(np.ascontiguousarray(flat[start : start + SAMPLE]).data)
    return digest.hexdigest()


def _write(path: Path, key: str, source: Source, what: str) -> None:
    layout = source.layout
    output.log(f"keeping {what} in {path} ({_mib(layout)})")
    digest = hashlib.sha256()
    with atomic(path) as temporary, temporary.open("r+b") as file:
        file.seek(HEADER)
        with output.progress(total=layout.count, desc=what, unit="images") as bar:
            for block in source.blocks:
                data = np.ascontiguousarray(block).data
                file.write(data)
                digest.update(data)
                bar.update(len(block))
        file.flush()
        rows = np.memmap(temporary, np.uint8, "r", HEADER, (layout.count, layout.row))
        header = {
            "format": FORMAT,
            "version": VERSION,
            "key": key,
            "count": layout.count,
            "shape": layout.shape,
            "packed": layout.packed,
            "sha256": digest.hexdigest(),
            "sampled": _sampled(rows),
        }
        file.seek(0)
        file.write(json.dumps(header).encode().ljust(HEADER))


def _mib(layout: Layout) -> str:
    return f"{layout.nbytes / 2**20:.0f} MiB"

"""Results kept on disk by content, so that a pool that grows pays only for what is new.

Small npz files. The name of each is a hash of everything its numbers depend on: the content of the models,
the settings, the seed and the version of the protocol. The comment of the archive is the SHA-256 of that name
and of all bytes before the comment; it is compared before anything in the file is looked at.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import DcrError, UsageError
from disentangle_cli.files import cache_dir, clear_cached, write_atomic
from disentangle_cli.output import detail, warn
from disentangle_cli.reading import explained, read_whole
from disentangle_cli.temporaries import sweep

PROTOCOL = 2
"""Raised whenever the same inputs would give other numbers, or files; old ones are then no longer found."""
LARGEST = 2**30
"""Bytes of a file; those of large pools have some megabytes."""
_NO_COMMENT = bytes(2)
_COMMENT = (64).to_bytes(2, "little")

Arrays = dict[str, NDArray[Any]]


class ArrayCache:
    """Reads and writes arrays under ``cache_dir()/centrality``; ``enabled=False`` keeps nothing."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._folder = cache_dir() / "centrality"
        for folder in self._folder.glob("[0-9a-f][0-9a-f]"):
            sweep(folder)  # a killed command may have been at any of them

    def path(self, **inputs: Any) -> Path:
        """The file of the arrays that depend on ``inputs`` (JSON types)."""
        text = json.dumps({**inputs, "protocol": PROTOCOL}, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.npz"

    def load(self, path: Path, *names: str) -> list[NDArray[Any]] | None:
        """The arrays called ``names``; None when there are none, or the file is damaged (with a warning)."""
        if not self._enabled or not path.exists():
            return None
        try:
            data = read_whole(path, "cannot be read", LARGEST)
            if data[-66:] != _seal(path, data[:-66]):
                raise UsageError(f"{path}: the checksum is wrong")
            with explained(path, "cannot be read"), np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
        except UsageError as error:
            warn(f"{error}; evaluating it again")
            return None

    def save(self, path: Path, **arrays: NDArray[Any]) -> None:
        """Keep the arrays; a cache that cannot be written costs time later, not the result now."""
        if not self._enabled:
            return
        try:
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **arrays)
            data = buffer.getvalue().removesuffix(_NO_COMMENT)
            clear_cached(path)
            write_atomic(path, data + _seal(path, data))
        except DcrError as error:
            detail(f"an evaluation is not kept: {error}")


def _seal(path: Path, data: bytes) -> bytes:
    """The comment that ends the archive, its length in front of it."""
    return _COMMENT + hashlib.sha256(path.name.encode() + data).hexdigest().encode()

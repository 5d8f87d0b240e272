"""Results kept on disk by content, so that a pool that grows pays only for what is new.

Small files of arrays. The name of each is a hash of everything its numbers depend on: the content of
the models, the settings, the seed and the version of the protocol.
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.errors import DcrError
from disentangle_cli.files import atomic, cache_dir
from disentangle_cli.output import detail
from disentangle_cli.temporaries import sweep

PROTOCOL = 1
"""Raised whenever the same inputs would give other numbers; old files are then no longer found."""

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
        """The arrays called ``names``; None when there are none or the file is damaged."""
        if not self._enabled:
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, path: Path, **arrays: NDArray[Any]) -> None:
        """Keep the arrays; a cache that cannot be written costs time later, not the result now."""
        if not self._enabled:
            return
        try:
            with atomic(path) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
        except DcrError as error:
            detail(f"an evaluation is not kept: {error}")

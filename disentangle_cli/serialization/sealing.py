"""A digest that a document of tensors carries of itself, so that damage of any kind is noticed."""

import hashlib
import struct
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic

KEY = "digest"


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...


def digest(value: Any) -> str:
    """Hex SHA-256 of plain types and tensors, as ``docs/checkpoint-format.md`` says.

    Raises:
        TypeError: there is something else in it.
    """
    found = hashlib.sha256()
    _feed(found, value)
    return found.hexdigest()


def write_sealed(path: str | Path, document: dict[str, Any]) -> None:
    """Write ``document`` and its digest with ``torch.save``, atomically; same content gives the same bytes.

    Raises:
        RunError: the file cannot be written.
    """
    sealed = document | {KEY: digest(document)}
    # through an open file: torch.save would put the temporary file's name into the archive
    with atomic(path) as temporary, temporary.open("wb") as file:
        torch.save(sealed, file)


def unseal(path: Path, document: dict[str, Any]) -> bool:
    """Take the digest out of what was read from ``path``; whether there was one, which fits then.

    Raises:
        UsageError: the content is not what was written.
    """
    if KEY not in document:
        return False
    if document.pop(KEY) != digest(document):
        raise UsageError(
            f"{path}: damaged, or changed by hand (its content does not have the digest stored with it; a "
            f"file that is changed on purpose must leave the key {KEY!r} out)"
        )
    return True


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The numbers of a tensor one after the other (last axis fastest), copied only if need be."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def _feed(found: _Hash, value: Any) -> None:
    if value is None or value is True or value is False:
        found.update({None: b"n", False: b"f", True: b"t"}[value])
    elif type(value) is int:
        found.update(b"i%d;" % value)
    elif type(value) is float:
        found.update(b"d" + struct.pack(">d", value))
    elif type(value) is str:
        text = value.encode("utf-8", "surrogatepass")
        found.update(b"s%d:%s" % (len(text), text))
    elif isinstance(value, dict):
        found.update(b"m%d:" % len(value))
        for key, part in value.items():
            _feed(found, key)
            _feed(found, part)
    elif isinstance(value, list | tuple):
        found.update(b"l%d:" % len(value))
        for part in value:
            _feed(found, part)
    elif isinstance(value, Tensor):
        _feed(found, [str(value.dtype).removeprefix("torch."), list(value.shape)])
        found.update(tensor_bytes(value))
    else:
        raise TypeError(f"no part of a document: {type(value).__name__}")

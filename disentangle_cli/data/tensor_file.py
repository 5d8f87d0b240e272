"""A file of ``torch.save`` as one of arrays: a tensor, a pair of images and class ids, or a dictionary."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.bounds import check_memory
from disentangle_cli.data.array_file import BLOCK, WHOLE_LIMIT, Header, mend_line
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

OLD_SIGNATURE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How a file from before PyTorch 1.6 begins; later ones are zip archives."""
PICKLE = "data.pkl"
"""What such an archive holds, in a folder of its own."""
LIMIT = 64 * 2**30
TIMES = 4
"""Times the size of a file that reading it takes."""


class TensorFile:
    """The tensors of a file, and lists of texts, by the names that they have in a dictionary.

    A tensor by itself is ``imgs``; of a pair, as torchvision keeps its small sets, the second one, whole
    numbers (N,), has the class ids of a factor ``class``. All errors are UsageErrors that name the file.
    """

    kind = "file of torch tensors"

    def __init__(self, path: Path, content: "Content") -> None:
        self.path = path
        self._arrays = content.arrays
        self._load = content.load
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return list(self._arrays)

    @property
    def unread(self) -> list[str]:
        """Names of the arrays that nobody has asked for so far."""
        return [name for name in self._arrays if name not in self._asked]

    def header(self, name: str) -> Header:
        """Shape and type of array ``name``."""
        array = self._array(name)
        return Header(array.shape, array.dtype)

    def read(self, name: str) -> NDArray[Any]:
        """The whole array ``name``, which may take at most 1 GiB."""
        if (nbytes := self.header(name).nbytes) > WHOLE_LIMIT:
            raise UsageError(f"{self.path}: tensor {name} is too large ({nbytes / 2**30:.1f} GiB)")
        return np.ascontiguousarray(self._array(name))

    def blocks(self, name: str) -> Iterator[NDArray[Any]]:
        """The array ``name`` in pieces ``(m, ...)`` of about 16 MiB along its first axis."""
        header, array = self.header(name), self._array(name)
        rows = max(1, BLOCK * header.shape[0] // max(1, header.nbytes))
        for start in range(0, header.shape[0], rows):
            yield np.ascontiguousarray(array[start : start + rows])

    def mend(self, name: str, expression: str, keep: Sequence[str] = (), more: str = "") -> str:
        """See :class:`ArrayFile`: the copy is a file of numpy arrays."""
        kept = [f"{key}=np.array(f[{key!r}])" for key in keep if key in self and key != name]
        load = self._load.format("torch.load(p, weights_only=True)")
        load = f"import torch; {load}; x = f[{name!r}].float().numpy()"
        return mend_line(self.path, load, f"{name}={expression}", *kept, more)

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise UsageError(f"{self.path}: no tensor {name}; it has: {', '.join(self._arrays) or 'none'}")
        self._asked.add(name)
        return self._arrays[name]


@dataclass(frozen=True, eq=False)
class Content:
    """What a file holds, as arrays; ``load`` makes a dictionary ``f`` of what stands for its braces."""

    arrays: Mapping[str, NDArray[Any]]
    load: str


def read_content(path: Path) -> Content:
    """The tensors of a file, and lists of texts, as arrays; all of it is read.

    Raises:
        UsageError: it is damaged, holds other objects than tensors and plain values, or is too large.
    """
    with reading(path, "cannot be read", LIMIT) as file:
        size = os.fstat(file.fileno()).st_size
    check_memory(f"{path}: to read its tensors", TIMES * size, "save them as arrays (np.savez)")
    from disentangle_cli.serialization import read_tensors

    found = read_tensors(path, "file of torch tensors", old_format=True)
    named, load = _named(found)
    arrays = {name: _as_array(value) for name, value in named.items() if _is_array(value)}
    return Content(arrays, load)


def _named(found: Any) -> tuple[dict[str, Any], str]:
    if isinstance(found, Mapping):
        return {name: value for name, value in found.items() if isinstance(name, str)}, "f = {}"
    if not isinstance(found, list | tuple):
        return {"imgs": found}, "f = {{'imgs': {}}}"
    if len(found) == 2 and all(map(_is_tensor, found)) and _has_classes(found[1]):
        named = {"imgs": found[0], "factors": found[1][:, None], "factor_names": ["class"]}
        return named, "x, y = {}; f = {{'imgs': x, 'factors': y[:, None], 'factor_names': ['class']}}"
    named = {"imgs" if place == 0 else f"part{place}": value for place, value in enumerate(found)}
    return named, "f = {{'imgs': {}[0]}}"


def _has_classes(tensor: Any) -> bool:
    return bool(tensor.ndim == 1 and not tensor.is_floating_point())


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _is_array(value: Any) -> bool:
    texts = isinstance(value, list | tuple) and bool(value) and all(isinstance(text, str) for text in value)
    return texts or _is_tensor(value)


def _as_array(value: Any) -> NDArray[Any]:
    import torch

    if isinstance(value, list | tuple):
        return np.array(value)
    array: NDArray[Any] = (value.float() if value.dtype is torch.bfloat16 else value).numpy()
    return array

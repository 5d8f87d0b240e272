"""The storages that the tensors of a pickle share, each made once."""

from collections.abc import Callable

import torch
from torch import Tensor


class Storages:
    """What a pickle claims of a file's storages: call it with a key, a type and a count of numbers."""

    def __init__(self, allocate: Callable[[str, int], Tensor]) -> None:
        """``allocate(key, size)`` gives the bytes of a storage, (size,) uint8, or memory for them."""
        self._allocate = allocate
        self.bytes: dict[str, Tensor] = {}
        self.numbers: dict[str, Tensor] = {}

    def __call__(self, key: str, dtype: torch.dtype, count: int) -> Tensor:
        """The storage, (count,) of ``dtype``.

        Raises:
            ValueError: the file has none of that name and size.
        """
        if key not in self.numbers:
            self.bytes[key] = self._allocate(key, count * dtype.itemsize)
            self.numbers[key] = self.bytes[key].view(dtype)
        found = self.numbers[key]
        if found.dtype is not dtype or len(found) != count:
            raise ValueError("its tensors disagree about their storage")
        return found

    def check(self) -> None:
        """Raise ValueError if a truth value is neither 0 nor 1, which no operation expects."""
        for key, numbers in self.numbers.items():
            if numbers.dtype is torch.bool and len(numbers) and self.bytes[key].max() > 1:
                raise ValueError("a truth value is neither 0 nor 1")

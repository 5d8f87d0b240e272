"""The format of ``torch.save`` before PyTorch 1.6: five pickles, then the numbers of each storage.

It has no checksums: what it holds is bounded and free of code, but damaged numbers are not noticed.
"""

from typing import Any, BinaryIO

import torch
from torch import Tensor

from disentangle_cli.serialization import pickled
from disentangle_cli.serialization.archive import fill
from disentangle_cli.serialization.storages import Storages

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PROTOCOL = 1001
_COUNT = 8  # bytes in front of the numbers of a storage


def read(file: BinaryIO, size: int) -> Any:
    """What an open file of ``size`` bytes holds.

    Raises:
        ValueError: it is no such file, damaged, or carries code.
    """
    file.seek(0)
    head = file.read(min(size, pickled.MAX_BYTES))
    if not head.startswith(MAGIC):
        raise ValueError("not a file of torch.save")
    starts = [0]
    for _ in range(5):  # all are listed before any is built
        starts.append(pickled.end_of(head, starts[-1]))
    left = size - starts[5]

    def allocate(key: str, length: int) -> Tensor:
        nonlocal left
        left -= _COUNT + length
        if left < 0:
            raise ValueError("its tensors claim more than the file holds")
        return torch.empty(length, dtype=torch.uint8)

    storages = Storages(allocate)
    _, protocol, system, found, keys = (
        pickled.build(head, storages, 3 * size, start) for start in starts[:5]
    )
    if protocol != PROTOCOL or not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("of another version or byte order")
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages.bytes) or left:
        raise ValueError("its tensors claim other sizes than the file has")
    place = starts[5]
    for key in keys:
        numbers, count = storages.bytes[key], torch.empty(_COUNT, dtype=torch.uint8)
        fill(file, place, count)
        fill(file, place + _COUNT, numbers)
        if int(count.view(torch.int64)) != storages.numbers[key].numel():
            raise ValueError("its tensors claim other sizes than the file has")
        place += _COUNT + len(numbers)
    storages.check()
    return found

"""Reading a file of ``torch.save``, zip archive or the format before PyTorch 1.6."""

import os
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading
from disentangle_cli.serialization import legacy, pickled
from disentangle_cli.serialization.archive import MAGIC, Archive
from disentangle_cli.serialization.foreign import EXPORT, Foreign, recognise
from disentangle_cli.serialization.pickled import CodeFound
from disentangle_cli.serialization.storages import Storages

_SMALL = 4096  # bytes: what torch.save notes beside the pickle and the numbers


def read_tensors(path: Path, what: str, old_format: bool = False, of_model: bool = False) -> Any:
    """What a file holds: tensors on the CPU in ``dict``, ``list`` and ``tuple`` of plain types.

    Its bytes are read once; what the checksums were compared with is what the tensors are made of. That takes
    at most about four times the file's size. ``what`` is the noun of the error messages, e.g.
    ``"dcr checkpoint"``; ``old_format`` lets files from before PyTorch 1.6 in, which have no checksums; with
    ``of_model`` a message tells the way of a model's file of another kind into dcr.

    Raises:
        UsageError: the file is missing, unreadable, no such file, damaged, or carries code.
    """
    try:
        with reading(path, f"not a {what}, or damaged") as file:
            size = os.fstat(file.fileno()).st_size
            zipped = file.read(len(MAGIC)) == MAGIC
            if not zipped and not old_format:
                raise ValueError("no archive of torch.save")
            return _unzipped(file, size) if zipped else legacy.read(file, size)
    except UsageError as error:
        if isinstance(error.__cause__, CodeFound):
            name, way = error.__cause__, f"; {EXPORT}" if of_model else ""
            raise UsageError(
                f"{path}: refused, it carries Python objects and not just tensors ({name}){way}"
            ) from None
        if of_model and (foreign := _foreign(path)) is not None:
            raise UsageError(f"{path}: not a {what}, but {foreign.kind}; {foreign.way}") from None
        raise


def _foreign(path: Path) -> Foreign | None:
    try:
        with reading(path, "cannot be read") as file:
            return recognise(file)
    except UsageError:
        return None


def _unzipped(file: BinaryIO, size: int) -> Any:
    archive = Archive(file, size)
    unread = dict(archive.members)

    def take(name: str) -> Tensor:
        unread.pop(name, None)
        return archive.read(name)

    def storage(key: str, length: int) -> Tensor:
        member = archive.members.get(f"data/{key}")
        if member is None or member.size != length:
            raise ValueError("its tensors claim other sizes than its records have")
        return take(f"data/{key}")

    if "byteorder" in unread and bytes(take("byteorder").tolist()) != b"little":
        raise ValueError("of another byte order")
    if "data.pkl" in unread and archive.members["data.pkl"].size > pickled.MAX_BYTES:
        raise ValueError("its pickle is larger than that of any state dict")
    pickle = bytes(take("data.pkl").numpy().data)
    if pickled.end_of(pickle) != len(pickle):
        raise ValueError("its pickle has bytes behind its end")
    storages = Storages(storage)
    found = pickled.build(pickle, storages, 3 * size)
    storages.check()
    for name in list(unread):
        if name.startswith("data/"):
            raise ValueError("it has other records than its tensors")
        if archive.members[name].size > _SMALL:
            raise ValueError(f"its {name} is larger than it should be")
        take(name)
    return found

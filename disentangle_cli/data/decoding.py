"""Many pictures, decoded in their order by worker processes, a bounded number at a time."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.crops import Crop
from disentangle_cli.data.image_files import Seen, decode, decode_seen, grey_mode, white_level
from disentangle_cli.data.zipped import File
from disentangle_cli.errors import UsageError
from disentangle_cli.tasks.control import Control
from disentangle_cli.tasks.ordered import in_order

R = TypeVar("R")

PART = 64
"""Pictures that a worker decodes at a time..."""
PART_BYTES = 4 * 2**20
"""...or fewer, so that they have no more bytes than this."""
FIRST = 16
"""Pictures that are looked at for colour before the workers are asked."""


@dataclass(frozen=True)
class Form:
    """What pictures become: squares of ``size`` pixels; the others are as in :func:`decode_seen`."""

    size: int
    channels: int
    white: float | None
    crop: Crop | None = None


@dataclass(frozen=True)
class Decoded:
    """Pictures: ``rows (m, C * H * W)`` of those that can be read, and what each file held or why not."""

    rows: Bytes
    found: Sequence[Seen | UsageError]


def decoded(files: Sequence[File], form: Form, jobs: int) -> Iterator[Decoded]:
    """The pictures in their order, a few at a time; ``jobs`` processes decode, one is this process.

    Raises:
        LostTasks: a picture kills its worker.
    """
    yield from _in_parts(_decode, files, form, jobs)


def channels_of(files: Sequence[File], size: int, jobs: int) -> int:
    """3 if any picture shows colour, else 1 (grey pictures stored as RGB are grey), broken ones aside."""
    form = Form(size, 3, None)
    if any(_shows_colour(_Part(tuple(files[:FIRST]), form), Control())):
        return 3
    return 3 if any(itertools.chain.from_iterable(_in_parts(_shows_colour, files[FIRST:], form, jobs))) else 1


def white_of_all(files: Sequence[File], size: int, jobs: int) -> float | None:
    """What is white in the TIFFs of 32-bit whole numbers among ``files``: 255 or 65535.

    The brightest pixel of them all decides; None if there are none of them. What is broken is passed over.
    """
    tiffs = [file for file in files if file.suffix.lower() in (".tif", ".tiff")]
    parts = _in_parts(_whites, tiffs, Form(size, 1, None), jobs)
    return max(itertools.chain.from_iterable(parts), default=None)


@dataclass(frozen=True)
class _Part:
    files: tuple[File, ...]
    form: Form

    def __str__(self) -> str:
        others = len(self.files) - 1
        return f"{self.files[0]}{f' or one of the {others} after it' if others else ''}"


def _in_parts(
    function: Callable[[_Part, Control], R], files: Sequence[File], form: Form, jobs: int
) -> Iterator[R]:
    """What ``function`` gives of the files, part by part in their order."""
    row = form.channels * form.size**2
    count = max(1, min(PART, PART_BYTES // row))
    parts = (_Part(tuple(files[start : start + count]), form) for start in range(0, len(files), count))
    return in_order(function, parts, jobs=jobs)


def _decode(part: _Part, _: Control) -> Decoded:
    form = part.form
    rows: list[Bytes] = []
    found: list[Seen | UsageError] = []
    for file in part.files:
        try:
            image, seen = decode_seen(file, form.size, form.channels, form.white, form.crop)
        except UsageError as error:
            found.append(error)
        else:
            rows.append(image.reshape(-1))
            found.append(seen)
    stacked = np.stack(rows) if rows else np.empty((0, form.channels * form.size**2), np.uint8)
    return Decoded(stacked, found)


def _shows_colour(part: _Part, _: Control) -> list[bool]:
    """Of the pictures that can be read, up to the first that does."""
    found: list[bool] = []
    for file in part.files:
        try:
            found.append(not grey_mode(file) and _has_colour(file, part.form.size))
        except UsageError:
            continue
        if found[-1]:
            break
    return found


def _has_colour(file: File, size: int) -> bool:
    red, green, blue = decode(file, size, 3)
    return not (np.array_equal(red, green) and np.array_equal(red, blue))


def _whites(part: _Part, _: Control) -> list[float]:
    found: list[float] = []
    for file in part.files:
        try:
            white = white_level(file)
        except UsageError:
            continue
        if white is not None:
            found.append(white)
    return found

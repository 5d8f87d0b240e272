"""What files and folders can be data sets: each format is asked whether it knows what it is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from disentangle_cli.data.dataset import Dataset
from disentangle_cli.data.given import Given
from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry


@dataclass(frozen=True)
class Match:
    """What was recognised.

    Attributes:
        kind: what it is, in words: ``"MPI3D toy (npz file)"``.
        open: reads it.
        general: anybody's images in that format may look so: taken if no published set is recognised.
        name: of the format; :func:`recognise` fills it in.
    """

    kind: str
    open: Callable[[], Dataset]
    general: bool = False
    name: str = ""


FORMATS: Registry[Callable[[Given], Match | None]] = Registry("disentangle_cli.formats", "format")
"""Functions that tell what they are given at a glance, or None: the head of a file, names, shapes."""


def recognise(given: Given) -> Match:
    """The format that knows ``given``: a published set before anybody's images.

    Raises:
        UsageError: none does.
    """
    found = [replace(match, name=name) for name, ask in FORMATS.working() if (match := ask(given))]
    if not found:
        raise UsageError(
            f"{given.path}: dcr does not know this kind of file; it knows {', '.join(FORMATS.names())} "
            "(docs/data.md)"
        )
    return min(found, key=lambda match: match.general)

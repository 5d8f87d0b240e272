"""Data sets whose images, and labels if there are any, are arrays of a file."""

import math
from collections.abc import Callable, Iterator

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.array_file import ArrayFile
from disentangle_cli.data.array_images import Images, Levels, find_levels, image_shape, to_bytes
from disentangle_cli.data.labels import LABELS, GridLabels, Labels, read_labels
from disentangle_cli.data.pixels import Layout, Source, warn_if_dark
from disentangle_cli.data.table import TableDataset, stored
from disentangle_cli.errors import UsageError

IMAGES = ("imgs", "images")
"""The arrays that images may be in."""

LabelsOf = Callable[[ArrayFile, int, tuple[int, int, int]], Labels | GridLabels]
"""Labels of the (count) images of a file, which have the shape (C, H, W)."""


class ArrayDataset(TableDataset):
    """The images in array ``imgs`` (or ``images``) of a file, of the shapes :func:`image_shape` knows.

    Values as :func:`find_levels` says. Labels as :func:`read_labels` says, unless ``labels`` reads others.
    Arrays that are not asked for, such as pickled metadata, are never opened.
    """

    def __init__(self, file: ArrayFile, labels: LabelsOf = read_labels) -> None:
        """Read ``file``.

        Raises:
            UsageError: the file or one of its arrays cannot be used; names the file and the reason.
        """
        key = next((key for key in IMAGES if key in file), None)
        if key is None:
            raise UsageError(f"{file.path}: no array imgs; it has: {', '.join(file.names) or 'none'}")
        images = image_shape(file, key, LABELS)
        status = file.path.stat()
        found = labels(file, images.count, images.shape)
        pixels = stored(
            file.path,
            state=f"{status.st_size} {status.st_mtime_ns}",
            options=f"arrays {key}",
            nbytes=images.count * math.prod(images.shape),
            build=lambda: _source(file, key, images),
        )
        super().__init__(file.path.stem, pixels, found)
        self.ignored = tuple(name for name in file.unread if name != "indices")


def _source(file: ArrayFile, key: str, images: Images) -> Source:
    levels = find_levels(file, key, images.count, LABELS)
    return Source(Layout(images.count, images.shape, levels.packed), _rows(file, key, images, levels))


def _rows(file: ArrayFile, key: str, images: Images, levels: Levels) -> Iterator[Bytes]:
    brightest = 0
    for block in file.blocks(key):
        rows = to_bytes(block, images, levels)
        brightest = max(brightest, int(rows.max()))
        yield rows
    if not levels.packed:
        warn_if_dark(file.path, brightest)

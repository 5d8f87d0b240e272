"""``--dataset FOLDER``: people's own images, with labels if there is a ``factors.csv``."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.factors_csv import read_factors_csv
from disentangle_cli.data.image_files import decode, grey_mode, white_of_all
from disentangle_cli.data.image_listing import SUFFIXES, image_files
from disentangle_cli.data.labels import unlabelled
from disentangle_cli.data.pixels import Layout, Source, warn_if_dark
from disentangle_cli.data.table import TableDataset, stored
from disentangle_cli.errors import UsageError
from disentangle_cli.files import INCOMPLETE

BLOCK = 256  # images


class FolderDataset(TableDataset):
    """All image files under a folder, in the order of their paths, as squares of ``size`` pixels.

    Subfolders are included, linked ones, too; hidden files and files that are not images by their suffix are
    not. The set is grey unless any image shows colour, or as ``channels`` (1 or 3) says. A ``factors.csv``
    in the folder labels the images: a column ``file`` (paths relative to the folder) and a column for each
    factor.
    """

    def __init__(self, path: Path, *, size: int = 64, channels: int | None = None) -> None:
        """Read the folder ``path``.

        Raises:
            UsageError: there is no image in it, or one of them cannot be read; names the file.
        """
        if (path / INCOMPLETE).exists():
            raise UsageError(f"{path}: a command that wrote pictures here did not end; run it again")
        files = image_files(path)
        if not files:
            raise UsageError(f"{path}: no images in this folder; it may hold {', '.join(sorted(SUFFIXES))}")
        table = path / "factors.csv"
        names = [file.relative_to(path).as_posix() for file in files]
        labels = read_factors_csv(table, names) if os.path.lexists(table) else unlabelled(len(files))
        pixels = stored(
            path,
            state="\n".join(_state(file, path) for file in files),
            options=f"folder 2 {size} {channels or 'auto'}",
            nbytes=len(files) * (channels or 3) * size * size,
            build=lambda: _source(files, size, channels, path),
        )
        super().__init__(path.absolute().name or "root", pixels, labels)
        self.file_names = tuple(names)


def detect_channels(files: list[Path], size: int) -> int:
    """3 if any image shows colour, else 1 (grey images stored as RGB are grey)."""
    for file in files:
        if not grey_mode(file):
            red, green, blue = decode(file, size, 3)
            if not (np.array_equal(red, green) and np.array_equal(red, blue)):
                return 3
    return 1


def _state(file: Path, folder: Path) -> str:
    try:
        status = file.stat()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    return f"{file.relative_to(folder).as_posix()} {status.st_size} {status.st_mtime_ns}"


def _source(files: list[Path], size: int, channels: int | None, folder: Path) -> Source:
    channels = channels or detect_channels(files, size)
    layout = Layout(len(files), (channels, size, size), packed=False)
    return Source(layout, _blocks(files, size, channels, folder))


def _blocks(files: list[Path], size: int, channels: int, folder: Path) -> Iterator[Bytes]:
    white, brightest = white_of_all(files), 0
    with output.progress(total=len(files), desc=f"reading {folder.name}", unit="images") as bar:
        for start in range(0, len(files), BLOCK):
            part = files[start : start + BLOCK]
            block = np.stack([decode(file, size, channels, white).reshape(-1) for file in part])
            brightest = max(brightest, int(block.max()))
            yield block
            bar.update(len(part))
    warn_if_dark(folder, brightest)

"""What somebody gives as a data set, and what can be known of it at a glance: for those who recognise it."""

import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from disentangle_cli.data import hdf5_reader, npy_file, tensor_file
from disentangle_cli.data.array_file import ArrayFile
from disentangle_cli.data.npz_reader import NpzFile
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import reading

_HEAD = 16
DEFAULT_SIZE = 64


@dataclass(frozen=True)
class Given:
    """A file or folder that is there, and how it is to be read.

    Attributes:
        path: the file or folder.
        size: side of the images that is wanted, if any is.
        channels: number of channels that is wanted, if any is.
        class_folders: whether folders of pictures are classes.
        skip_broken: whether pictures that cannot be read are left out.
    """

    path: Path
    size: int | None = None
    channels: int | None = None
    class_folders: bool = True
    skip_broken: bool = False

    @property
    def side(self) -> int:
        """The side that pictures are resized to."""
        return DEFAULT_SIZE if self.size is None else self.size

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()

    @cached_property
    def head(self) -> bytes:
        """The first 16 bytes of a file; none of a folder.

        Raises:
            UsageError: the file cannot be read.
        """
        if self.is_folder:
            return b""
        with reading(self.path, "cannot be read") as file:
            return file.read(_HEAD)

    @cached_property
    def listing(self) -> tuple[str, ...]:
        """The sorted names in a folder, hidden ones aside; none of a file.

        Raises:
            UsageError: the folder cannot be listed.
        """
        if not self.is_folder:
            return ()
        try:
            return tuple(sorted(name for name in os.listdir(self.path) if not name.startswith(".")))
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be listed ({error.strerror})") from None

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The names in an archive, if it is a zip file; an npz file is one."""
        if not self.head.startswith(b"PK"):
            return ()
        with reading(self.path, "not a zip file, or a damaged one") as file, zipfile.ZipFile(file) as archive:
            return tuple(archive.namelist())

    @property
    def arrays(self) -> ArrayFile | None:
        """The arrays of a file that holds some, opened anew, as it counts what is read; else None.

        Raises:
            UsageError: it is such a file, and damaged.
        """
        if any(name.endswith(".npy") for name in self.members):
            return NpzFile(self.path)
        if self.head.startswith(hdf5_reader.SIGNATURE):
            return hdf5_reader.Hdf5File(self.path)
        if self.head.startswith(npy_file.SIGNATURE):
            return npy_file.NpyFile(self.path)
        if self._are_tensors:
            return tensor_file.TensorFile(self.path, self._tensors)
        return None

    @property
    def _are_tensors(self) -> bool:
        pickles = [name for name in self.members if name.rpartition("/")[2] == tensor_file.PICKLE]
        return bool(pickles) or self.head.startswith(tensor_file.OLD_SIGNATURE)

    @cached_property
    def _tensors(self) -> tensor_file.Content:
        """All of them, read once, whoever asks."""
        return tensor_file.read_content(self.path)

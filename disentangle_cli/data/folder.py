"""``--dataset FOLDER`` or a zip archive: people's own images, with labels if there are any."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_cli import output
from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.class_folders import class_labels, class_names
from disentangle_cli.data.crops import Crop
from disentangle_cli.data.decoding import Form, channels_of, decoded, white_of_all
from disentangle_cli.data.factors_csv import read_factors_csv
from disentangle_cli.data.given import Given
from disentangle_cli.data.image_listing import Listing, list_archive, list_folder
from disentangle_cli.data.labels import Labels, unlabelled
from disentangle_cli.data.picture_report import Report, named, words
from disentangle_cli.data.pixels import Layout, Source, warn_if_dark
from disentangle_cli.data.table import TableDataset, is_kept, stored
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import cores
from disentangle_cli.files import INCOMPLETE


class FolderDataset(TableDataset):
    """All image files under a folder or in a zip archive, in the order of their paths, as squares.

    Subfolders are included, linked ones, too; hidden files and files that are not images by their suffix are
    not. The set is grey unless any image shows colour, or as ``channels`` (1 or 3) says. A ``factors.csv``
    labels the images: a column ``file`` (paths within the folder) and a column for each factor. Without it
    the folders in which all images are, are the classes of a factor ``class``.
    """

    def __init__(
        self,
        given: Given,
        listing: Listing | None = None,
        labels: Labels | None = None,
        crop: Crop | None = None,
    ) -> None:
        """Read a folder or an archive.

        Args:
            given: the folder or the archive, and how to read it.
            listing: which pictures; by default all.
            labels: theirs; by default as the folder says.
            crop: which square is cut out of them; by default the largest one in the middle.

        Raises:
            UsageError: there is no image in it, or one of them cannot be read; names the file.
        """
        path, size, channels = given.path, given.side, given.channels
        if (path / INCOMPLETE).exists():
            raise UsageError(f"{path}: a command that wrote pictures here did not end; run it again")
        listing = listing or (list_folder(path) if path.is_dir() else list_archive(path))
        own = labels is None and listing.table is None and given.class_folders
        classes = class_names(listing.names) if own else ()
        labels = labels or _labels(listing, classes)
        nbytes, state = listing.measured()
        # small pictures of large files take as long to make as large ones
        nbytes = max(nbytes, len(listing.files) * (channels or 3) * size * size)
        jobs = cores() if is_kept(nbytes) else 1
        pixels = stored(
            path,
            state=f"{state}\nreport 1",
            options=f"folder 2 {size} {channels or 'auto'}{' skip' if given.skip_broken else ''}"
            + (f" {crop}" if crop else ""),
            nbytes=nbytes,
            build=lambda: _Reading(listing, given.skip_broken, jobs).source(size, channels, crop),
        )
        self.report = {**pixels.notes, "classes": list(classes)}
        self.ignored = listing.ignored
        left_out = {found["file"] for found in self.report["skipped"]}
        rows = [row for row, name in enumerate(listing.names) if name not in left_out]
        if left_out:
            labels = labels.of_rows(np.array(rows, np.int64))
        name = path.absolute().name if path.is_dir() else path.stem
        super().__init__(name or "root", pixels, labels)
        self.file_names = tuple(listing.names[row] for row in rows)
        _tell(path, self.report, self.image_shape)


def _labels(listing: Listing, classes: tuple[str, ...]) -> Labels:
    if listing.table is not None:
        return read_factors_csv(listing.table, list(listing.names))
    return class_labels(listing.names, classes) if classes else unlabelled(len(listing.names))


def _tell(path: Path, report: Mapping[str, Any], shape: tuple[int, int, int]) -> None:
    output.log(f"{path}: {words(report, shape)}")
    if report["classes"]:
        output.log(
            f"{path}: its {len(report['classes'])} folders are the classes of a factor: "
            f"{named(report['classes'])} (--no-class-folders: they are none)"
        )
    if report["several"]:
        output.warn(
            f"{path}: {len(report['several'])} of them hold several pictures (frames or pages), of which the "
            f"first is read: {named(report['several'])}"
        )
    if report["skipped"]:
        files = [found["file"] for found in report["skipped"]]
        output.warn(f"{path}: {len(files)} files cannot be read and are left out: {named(files)}")


class _Reading:
    """Reads the pictures of a listing, once, and keeps account of them."""

    def __init__(self, listing: Listing, skip_broken: bool, jobs: int) -> None:
        self._listing = listing
        self._skip_broken = skip_broken
        self._jobs = jobs
        self._report = Report()

    def source(self, size: int, channels: int | None, crop: Crop | None) -> Source:
        files = self._listing.files
        channels = channels or channels_of(files, size, self._jobs)
        form = Form(size, channels, white_of_all(files, size, self._jobs), crop)
        layout = Layout(len(files), (channels, size, size), packed=False)
        return Source(layout, self._blocks(form), self._report.to_json)

    def _blocks(self, form: Form) -> Iterator[Bytes]:
        root, files, names = self._listing.root, self._listing.files, iter(self._listing.names)
        brightest = 0
        with output.progress(total=len(files), desc=f"reading {root.name}", unit="images") as bar:
            for part in decoded(files, form, self._jobs):
                for found, name in zip(part.found, names, strict=False):  # names go on with the next part
                    if not isinstance(found, UsageError):
                        self._report.add(name, found, form.size)
                    elif self._skip_broken:
                        self._report.skipped.append((name, str(found)))
                    else:
                        raise UsageError(f"{found}; repair it, take it out, or use --skip-broken") from found
                brightest = max(brightest, int(part.rows.max(initial=0)))
                yield part.rows
                bar.update(len(part.found))
        if not self._report.pictures:
            raise UsageError(f"{root}: no image can be read; the first: {self._report.skipped[0][1]}")
        warn_if_dark(root, brightest)

"""Opening a data set by what a user calls it: a registered name, a file or a folder."""

from pathlib import Path

from disentangle_cli.bounds import SIDE
from disentangle_cli.data.dataset import DATASETS, Dataset
from disentangle_cli.data.formats import recognise
from disentangle_cli.data.given import Given
from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import did_you_mean, did_you_mean_file


def open_dataset(
    spec: str, *, size: int | None = None, channels: int | None = None, class_folders: bool = True,
    skip_broken: bool = False,
) -> Dataset:  # fmt: skip
    """Open a data set by its registered name, or a file or a folder of images by path.

    A registered name wins over a folder of that name (``./dsprites`` means the folder).

    Args:
        spec: the name or the path.
        size: side of the square images that pictures are resized to (default 64).
        channels: 1 or 3 to read a folder as grey or as colour; by default colour if any image is.
        class_folders: whether the folders in a folder are classes, where it has no ``factors.csv``.
        skip_broken: leave images of a folder that cannot be read out, with a warning.

    Raises:
        UsageError: there is no such data set, it cannot be read, or it has another size or
            another number of channels than asked for.
    """
    if size is not None and not 4 <= size <= SIDE.most:
        raise UsageError(f"an image size must be from 4 pixels and {SIDE}, not {size}")
    if channels not in (None, 1, 3):
        raise UsageError(f"images have 1 or 3 channels, not {channels}")
    if spec in DATASETS.names():
        return _checked(DATASETS.get(spec)(), size, channels)
    match = recognise(Given(_path(spec), size, channels, class_folders, skip_broken))
    dataset = _checked(match.open(), size, channels)
    dataset.kind = match.kind
    return dataset


def check_known(spec: str) -> None:
    """Refuse what is no data set's name, file or folder, without reading it: for where it is not opened.

    Raises:
        UsageError: there is no such data set.
    """
    if spec not in DATASETS.names():
        _path(spec)


def published_name(spec: str) -> str:
    """What a data set is called: its registered name, or that of the published set which a path holds.

    Anything else is called as its folder, or the stem of its file.

    Raises:
        UsageError: there is no such data set, or dcr does not know what kind it is.
    """
    if spec in DATASETS.names():
        return spec
    match = recognise(Given(path := _path(spec)))
    return (path.resolve().name if path.is_dir() else path.stem) if match.general else match.name


def _path(spec: str) -> Path:
    """The file or folder that ``spec`` names."""
    try:
        path = Path(spec).expanduser()
        if path.is_dir() or path.is_file():
            return path
    except (OSError, RuntimeError, ValueError) as error:  # no such home, too long a name, ...
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"data set {spec!r}: {reason}") from None
    meant = did_you_mean(spec, DATASETS.names()) or did_you_mean_file(path)
    names = ", ".join(DATASETS.names())
    raise UsageError(f"no data set {spec!r}: it is neither a file or folder nor one of: {names}{meant}")


def absolute(spec: str) -> str:
    """``spec`` as another process finds it, whatever folder it works in: paths of what is there are absolute.

    Anything else stays as it is: it may be there for the workers of a cluster only.
    """
    path = Path(spec).expanduser()
    return str(path.resolve()) if spec not in DATASETS.names() and path.exists() else spec


def _checked(dataset: Dataset, size: int | None, channels: int | None) -> Dataset:
    """``dataset``, unless it differs from what was asked: only pictures are resized."""
    has_channels, height, width = dataset.image_shape
    if size is not None and (height, width) != (size, size):
        raise UsageError(f"{dataset.name} has images of {height}x{width}, not {size}x{size}")
    if channels is not None and channels != has_channels:
        raise UsageError(f"{dataset.name} has images of {has_channels} channel(s), not {channels}")
    return dataset

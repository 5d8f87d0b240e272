"""``dcr.reconstruct``: images of a data set beside what a model makes of their codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.api.arguments import model_of
from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.bounds import check_memory
from disentangle_cli.data.npz_writer import write_npz
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.generation import draw_rows
from disentangle_cli.generation import reconstruct as reconstruct_rows
from disentangle_cli.images import Pixels, save_picture
from disentangle_cli.modelling.model import AnyModel
from disentangle_cli.rendering.drawing import png
from disentangle_cli.rendering.pairs import draw_pairs

NUM = 16
SUFFIXES = (".npz", ".png")
ERROR = "mean squared error per pixel, of values in [0, 1]"


@dataclass(frozen=True, repr=False)
class Reconstructions:
    """Images and what a model makes of them.

    Attributes:
        originals: (N, H, W, C) uint8.
        images: (N, H, W, C) uint8, made from the codes of ``originals``; noise of a GAN is drawn.
        errors: (N,) float64, mean squared error per pixel and channel, of values in [0, 1].
        rows: (N,) int64, which images of the data set they are.
        files: of a folder, their paths in it; empty for other data sets.
        model: a path, or ``model``.
        dataset: the name of the data set.
        seed: of the draw of images and of noise.
    """

    originals: Pixels
    images: Pixels
    errors: Doubles
    rows: Ints
    files: tuple[str, ...]
    model: str
    dataset: str
    seed: int

    @property
    def error(self) -> float:
        """The mean of ``errors``."""
        return float(self.errors.mean())

    def save(self, path: str | Path) -> Path:
        """Write a picture (.png), originals above reconstructions, or arrays (.npz), by the name's suffix.

        Raises:
            UsageError: another suffix, or images that cannot be drawn.
        """
        if check_suffix(path) == ".npz":
            arrays: dict[str, NDArray[Any]] = {
                "originals": self.originals, "images": self.images, "errors": self.errors, "rows": self.rows
            }  # fmt: skip
            if self.files:
                arrays["files"] = np.array(self.files)
            write_npz(Path(path), arrays)
            return Path(path)
        return save_picture(self._drawn(), path)

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.reconstruct/1`` document, without paths."""
        names = self.files or (None,) * len(self.rows)
        images = [
            {"row": row, "file": name, "error": error}
            for row, name, error in zip(self.rows.tolist(), names, self.errors.tolist(), strict=True)
        ]
        return document(
            "reconstruct", model=self.model, dataset=self.dataset, seed=self.seed, measure=ERROR,
            error=self.error, images=images,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Reconstructions({len(self.rows)} images of {self.dataset} by {self.model}: {self.error:.4g})"

    def _repr_png_(self) -> bytes:
        return png(self._drawn())

    def _drawn(self) -> Any:
        title = f"{self.model}: {self.dataset}"
        foot = f"{ERROR}: {self.error:.4g} over {len(self.rows)} images"
        return draw_pairs(self.originals, self.images, self.errors.tolist(), title=title, foot=foot)


def check_suffix(path: str | Path) -> str:
    """The suffix of a file of reconstructions.

    Raises:
        UsageError: it is none that they can be written to.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: reconstructions are written to {' or '.join(SUFFIXES)}, by the name's suffix"
        )
    return suffix


def reconstruct(
    model: AnyModel | str | Path,
    dataset: Dataset | str | Path,
    num: int = NUM,
    *,
    rows: Sequence[int] | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Reconstructions:
    """Encode images and make them again, as ``dcr reconstruct`` does: of a GAN, G(Q(x)).

    Args:
        model: a model or the path of a checkpoint.
        dataset: a data set, its name or path.
        num: so many images are drawn of a larger data set.
        rows: these images instead, by their places in the data set, from 0.
        seed: of that draw, and of a GAN's noise.
        device: where a model named by its path runs.

    Raises:
        UsageError: no such data set or image, images that do not fit the model, or a model without encoder.
    """
    loaded = model_of(model, device)
    if isinstance(dataset, str | Path):
        channels, height, _ = loaded.image_shape
        skip = loaded.origin.skip_broken
        dataset = open_dataset(str(dataset), size=height, channels=channels, skip_broken=skip)
    if rows is not None and (wrong := [row for row in rows if not 0 <= row < len(dataset)]):
        raise UsageError(f"--rows {wrong[0]}: {dataset.name} has images 0 to {len(dataset) - 1}")
    if rows is not None and not rows:
        raise UsageError("--rows names no image")
    chosen = draw_rows(dataset, num, seed) if rows is None else np.asarray(rows, dtype=np.int64)
    each = 2 * int(np.prod(loaded.image_shape))
    check_memory(f"{len(chosen):,} images and reconstructions", len(chosen) * each, "take fewer")
    images, errors = reconstruct_rows(loaded, dataset, chosen, seed)
    originals = np.ascontiguousarray(dataset.images(chosen).transpose(0, 2, 3, 1))
    files = tuple(dataset.file_names[row] for row in chosen.tolist()) if dataset.file_names else ()
    name = loaded.path or "model"
    return Reconstructions(originals, images, errors, chosen, files, name, dataset.name, seed)

"""``dcr.generate`` and ``dcr.encode``: images of a model, and its codes of images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.api.arguments import model_of
from disentangle_cli.bounds import check_memory
from disentangle_cli.data.npz_writer import write_npz
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic_folder
from disentangle_cli.generation import decode, encode_dataset
from disentangle_cli.images import Pixels, save_picture, to_picture
from disentangle_cli.modelling.model import AnyModel
from disentangle_cli.output import warn
from disentangle_cli.rendering.drawing import png
from disentangle_cli.rendering.grid import draw_samples

NUM = 64


def is_folder(target: Path) -> bool:
    """Whether samples saved to ``target`` become a folder of pictures: it is one, or has no known suffix."""
    return target.is_dir() or target.suffix.lower() not in (".npz", ".png")


def picture_names(num: int) -> list[str]:
    """What ``num`` pictures of a folder are called: ``00000.png`` and so on."""
    digits = max(5, len(str(num - 1)))
    return [f"{index:0{digits}d}.png" for index in range(num)]


@dataclass(frozen=True, repr=False)
class Samples:
    """Generated images.

    Attributes:
        images: (N, H, W, C) uint8.
        latents: (N, L) float32, what each image was made from.
        latent_names: L names, ``c1..`` and ``z1..``.
        model: what they come from: a path, or ``model``.
        seed, fix: of the draw.
    """

    images: Pixels
    latents: NDArray[np.float32]
    latent_names: list[str]
    model: str
    seed: int
    fix: Mapping[str, float]

    def save(self, path: str | Path) -> list[Path]:
        """Write an archive (.npz), a grid (.png) or a folder of pictures; the files that were written."""
        target = Path(path)
        if target.suffix.lower() == ".npz" and not target.is_dir():
            names = np.array(self.latent_names)
            write_npz(target, {"images": self.images, "latents": self.latents, "latent_names": names})
            return [target]
        if not is_folder(target):
            return [save_picture(draw_samples(self.images), target)]
        files = picture_names(len(self.images))
        if target.is_dir() and (others := {file.name for file in target.glob("*.png")} - set(files)):
            warn(f"{target} already holds {len(others)} other pictures; they stay")
        with atomic_folder(target) as folder:
            for name, image in zip(files, self.images, strict=True):
                to_picture(image).save(folder / name)
        return [target / name for name in files]

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.generate/1`` document, without paths."""
        return document("generate", models=[self.model], seed=self.seed, fix=dict(self.fix), encode=None)

    def __repr__(self) -> str:
        return f"Samples({len(self.images)} images of {self.model})"

    def _repr_png_(self) -> bytes:
        return png(draw_samples(self.images))


@dataclass(frozen=True, repr=False)
class Codes:
    """Codes of images.

    Attributes:
        arrays: ``codes (N, K)`` float32; of a data set also ``indices (N,)``, of a folder ``files (N,)``, of
            a labelled set ``factors (N, F)``, ``factor_values``, ``is_continuous`` and ``factor_names``: what
            :func:`~disentangle_cli.api.score.score` takes.
        model, dataset: what they are of; ``dataset`` is None for bare images.
        seed: of the draw of images.
    """

    arrays: dict[str, NDArray[Any]]
    model: str
    dataset: str | None
    seed: int

    @property
    def codes(self) -> NDArray[np.float32]:
        """(N, K) float32."""
        return self.arrays["codes"]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.codes, dtype=dtype, copy=copy)

    def save(self, path: str | Path) -> Path:
        """Write a file of codes (.npz), as ``dcr score`` takes it."""
        write_npz(Path(path), self.arrays)
        return Path(path)

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.generate/1`` document, without paths."""
        return document("generate", models=[self.model], seed=self.seed, fix={}, encode=self.dataset)

    def __repr__(self) -> str:
        rows, codes = self.codes.shape
        return f"Codes({rows} images, {codes} codes of {self.model})"


def generate(
    model: AnyModel | str | Path,
    num: int = NUM,
    *,
    fix: Mapping[str, float] | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Samples:
    """Draw ``num`` images from the prior, with the latents named in ``fix`` held, as ``dcr generate`` does.

    Args:
        model: a model or the path of a checkpoint.
        num: how many images.
        fix: values by latent, such as ``{"c1": 0.5}``; the other latents do not depend on which are fixed.
        seed: of the draw.
        device: where a model named by its path runs.

    Raises:
        UsageError: ``fix`` names a latent that the model does not have.
    """
    loaded, held = model_of(model, device), dict(fix or {})
    each = (
        math.prod(loaded.image_shape) + 3 * 4 * loaded.latents.dim
    )  # bytes; latents are drawn, mapped, kept
    check_memory(f"{num:,} images", num * each, "draw fewer at a time, with another --seed each")
    latents = loaded.latents.sample(num, torch.Generator().manual_seed(seed))
    for name, value in held.items():
        latents[:, loaded.latents.column(name)] = value
    latents = loaded.latents.nearest(latents)
    names = list(loaded.latents.names)
    return Samples(decode(loaded, latents), latents.numpy(), names, loaded.path or "model", seed, held)


def encode(
    model: AnyModel | str | Path,
    images: Dataset | str | Path | NDArray[Any] | Tensor,
    *,
    num: int | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Codes:
    """Encode a data set, as ``dcr generate --encode`` does, or images (n, C, H, W) in [0, 1].

    Args:
        model: a model or the path of a checkpoint.
        images: a data set, its name or path, or images as a numpy array or a tensor.
        num: so many images are drawn of a larger data set.
        seed: of that draw.
        device: where a model named by its path runs.

    Raises:
        UsageError: no such data set, or images that do not fit the model.
    """
    loaded = model_of(model, device)
    channels, height, _ = loaded.image_shape
    if isinstance(images, str | Path):
        skip = loaded.origin.skip_broken
        images = open_dataset(str(images), size=height, channels=channels, skip_broken=skip)
    if isinstance(images, Dataset):
        arrays = encode_dataset(loaded, images, num=num, seed=seed)
        return Codes(arrays, loaded.path or "model", images.name, seed)
    given = torch.as_tensor(images, dtype=torch.float32)
    if given.ndim != 4 or tuple(given.shape[1:]) != tuple(loaded.image_shape):
        shape = "x".join(map(str, loaded.image_shape))
        raise UsageError(f"images must have shape (n, {shape}), not {tuple(given.shape)}")
    return Codes({"codes": loaded.encode(given).cpu().numpy()}, loaded.path or "model", None, seed)

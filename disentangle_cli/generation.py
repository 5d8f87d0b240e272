"""Images of a model's latents, and codes of a data set's images."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.data.dataset import Dataset, places
from disentangle_cli.errors import UsageError
from disentangle_cli.images import Pixels, to_pixels
from disentangle_cli.latents import Block, Latents
from disentangle_cli.modelling.encoding import encoded, latents_of
from disentangle_cli.models import AnyModel, as_model
from disentangle_cli.numerals import read_number
from disentangle_cli.settings import split_assignment

CHUNK = 512
FAR = 4.0  # standard deviations at which a normal latent counts as outside its prior


def decode(model: AnyModel, latents: Tensor, desc: str = "generating") -> Pixels:
    """(n, L) latents -> (n, H, W, C) uint8 images, a chunk at a time."""
    channels, height, width = model.image_shape
    pixels = np.empty((len(latents), height, width, channels), np.uint8)
    with output.progress(total=len(latents), desc=desc, unit="image") as bar:
        for start in range(0, len(latents), CHUNK):
            chunk = latents[start : start + CHUNK]
            pixels[start : start + CHUNK] = to_pixels(model.generate(chunk))
            bar.update(len(chunk))
    return pixels


def parse_fixed(texts: Sequence[str], latents: Latents) -> dict[str, float]:
    """Read ``["c1=0.5", "c2=1,z3=0"]``; values that the prior (nearly) never gives are warned about.

    Raises:
        UsageError: not of that form, an unknown latent, a name given twice, or no finite number.
    """
    fixed: dict[str, float] = {}
    for text in (part for entry in texts for part in entry.split(",")):
        name, number = split_assignment(text, f"--fix {text!r}: expected NAME=VALUE, e.g. c1=0.5")
        block = latents.columns[latents.column(name)]
        if name in fixed:
            raise UsageError(f"--fix {name}: given twice")
        if (value := read_number(number)) is None or not math.isfinite(value):
            raise UsageError(f"--fix {name}={number}: the value must be a finite number")
        fixed[name] = float(value)
        if not _plausible(block, fixed[name]):
            output.warn(
                f"--fix {name}={number}: outside what the model was trained on ({describe_prior(block)})"
            )
    return fixed


def describe_prior(block: Block) -> str:
    """A prior in words: ``uniform from -1 to 1``, ``normal, mean 0, std 1``, ``one of 0, 1``."""
    if block.kind == "uniform":
        return f"uniform from {block.low:g} to {block.high:g}"
    if block.kind == "normal":
        return f"normal, mean {block.mean:g}, std {block.std:g}"
    return f"one of {', '.join(f'{value:g}' for value in block.values)}"


def encode_dataset(
    model: AnyModel, dataset: Dataset, *, num: int | None = None, seed: int = 0
) -> dict[str, NDArray[Any]]:
    """Codes of a data set's images, with their labels where there are any.

    With ``num`` below the data set's size that many different images are drawn, in the data set's order.

    Returns:
        ``codes (N, K)`` float32 and ``indices (N,)``, which images they are of, for a folder also
        ``files (N,)``, their paths in it; with labels also ``factors (N, F)`` int64 class ids,
        ``factor_values (N, F)`` float64, ``is_continuous (F,)`` bool and ``factor_names (F,)``: what
        ``dcr score`` takes.

    Raises:
        UsageError: the images do not have the model's shape.
    """
    check_shapes(model, dataset)
    rows = draw_rows(dataset, num, seed)
    codes, _ = encoded(as_model(model), dataset, rows, device="cpu")
    arrays: dict[str, NDArray[Any]] = {"codes": codes, **places(dataset, rows)}
    if dataset.factors:
        arrays["factors"] = dataset.classes(rows)
        arrays["factor_values"] = dataset.values(rows)
        arrays["is_continuous"] = np.array([factor.continuous for factor in dataset.factors])
        arrays["factor_names"] = np.array([factor.name for factor in dataset.factors])
    return arrays


def check_shapes(model: AnyModel, dataset: Dataset) -> None:
    """Refuse a data set whose images are not of the model's shape.

    Raises:
        UsageError: names both shapes.
    """
    if dataset.image_shape != model.image_shape:
        shapes = ["{}x{}x{}".format(*shape) for shape in (dataset.image_shape, model.image_shape)]
        raise UsageError(
            f"{dataset.name} has images of {shapes[0]} (channels, height, width), the model {shapes[1]}"
        )


def draw_rows(dataset: Dataset, num: int | None, seed: int) -> Ints:
    """``num`` different images of a data set, in its order; all where it has no more, or for None."""
    if num is None or num >= len(dataset):
        return np.arange(len(dataset), dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(len(dataset), num, replace=False))


@torch.no_grad()
def reconstruct(model: AnyModel, dataset: Dataset, rows: Ints, seed: int = 0) -> tuple[Pixels, Doubles]:
    """What a model makes of the images at ``rows (n,)`` of a data set, after it encoded them.

    Codes are posterior means, or what Q gives; a GAN's noise is drawn from its prior with ``seed``.

    Returns:
        (n, H, W, C) uint8 images, and (n,) their mean squared errors per pixel and channel, of values in
        [0, 1].

    Raises:
        UsageError: the images do not have the model's shape, or the model does not encode.
    """
    check_shapes(model, dataset)
    whole = as_model(model)
    rng = torch.Generator().manual_seed(seed)
    dataset.prepare(rows)
    pixels, errors = [], []
    with output.progress(total=len(rows), desc="reconstructing", unit="images") as bar:
        for start in range(0, len(rows), CHUNK):
            images = dataset.tensors(rows[start : start + CHUNK], whole.device)
            try:
                latents = latents_of(whole, images, rng)
            except NotImplementedError:
                raise UsageError("the model has no encoder: there are no codes to make images from") from None
            made = whole.generate(latents).to(images)
            errors.append((made - images).double().square().mean(dim=(1, 2, 3)).cpu().numpy())
            pixels.append(to_pixels(made))
            bar.update(len(images))
    return np.concatenate(pixels), np.concatenate(errors)


def _plausible(block: Block, value: float) -> bool:
    if block.kind == "normal":
        return abs(value - block.mean) <= FAR * block.std
    if block.kind == "uniform":
        return block.low <= value <= block.high
    return any(math.isclose(value, point, abs_tol=1e-6) for point in block.values)

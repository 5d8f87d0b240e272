"""Traversals: one latent moves over its prior's range, all others stay at an anchor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.bounds import check_memory
from disentangle_cli.data.image_files import decode_seen
from disentangle_cli.errors import UsageError
from disentangle_cli.generation import decode
from disentangle_cli.images import Pixels, to_pixels
from disentangle_cli.latents import Block
from disentangle_cli.modelling.encoding import latents_of
from disentangle_cli.models import AnyModel, Model, as_model
from disentangle_cli.nearest import did_you_mean, did_you_mean_file
from disentangle_cli.output import warn

ANCHORS = ("prior", "mean", "sample")
"""One draw from the prior, the prior's mean, or three draws, a row each; else a picture."""
CENTRE = "the prior's mean"
NUM_SAMPLES = 3
STEPS = 9
PAIR = ("photo", "reconstruction")
"""What the two pictures of an anchor are called that is a picture."""


@dataclass(frozen=True)
class Row:
    """The traversal of one latent from every anchor.

    Attributes:
        name: of the latent.
        values: what it takes, ascending: T of them, which may differ between rows.
        images: (A, T, H, W, C) uint8 for A anchors.
    """

    name: str
    values: list[float]
    images: Pixels


@dataclass(frozen=True)
class Anchors:
    """Where a traversal starts from.

    Attributes:
        latents: (A, L) float32.
        words: what they are.
        photo: (2, H, W, C) uint8, the picture whose codes they are, as the model sees it, and what the model
            makes of them; None without one.
    """

    latents: Tensor
    words: str
    photo: Pixels | None = None


@dataclass(frozen=True)
class Traversal:
    """Rows of one model.

    Attributes:
        rows: one for each latent that moves.
        anchor: what the other latents were held at, in words.
        image_shape: (C, H, W).
        source: the model that drew the images, for pages in which it draws more of them.
        anchors: what was held, exactly.
        seed: of the anchors.
    """

    rows: list[Row]
    anchor: str
    image_shape: tuple[int, int, int]
    source: Model = field(repr=False, compare=False)
    anchors: Anchors = field(repr=False, compare=False)
    seed: int

    @property
    def num_anchors(self) -> int:
        """A, the number of anchors (1 except for ``sample``)."""
        return len(self.rows[0].images)


def traverse(
    model: AnyModel,
    latents: Sequence[str] | None = None,
    *,
    steps: int = STEPS,
    anchor: str | Path = "prior",
    seed: int = 0,
) -> Traversal:
    """Traverse ``latents`` (default: all codes) in ``steps`` steps.

    Uniform latents move over their support, normal ones from two standard deviations below the mean to
    two above, grid ones over (at most ``steps`` of) their values. ``anchor`` is ``prior``, ``mean`` or
    ``sample`` (see :data:`ANCHORS`), or a picture file: then codes are the model's codes of that picture
    and noise is one draw from the prior.

    Raises:
        UsageError: an unknown latent or anchor, a latent named twice, no picture, fewer than 2 steps.
    """
    if steps < 2:
        raise UsageError(f"a traversal needs at least 2 steps, not {steps}")
    names = list(latents) if latents is not None else [n for n in model.latents.names if n.startswith("c")]
    if not names or len(set(names)) < len(names):
        raise UsageError("name each latent to traverse once")
    columns = [model.latents.column(name) for name in names]
    found = make_anchors(model, anchor, seed)
    anchors = found.latents
    plans = [(column, steps_of(model.latents.columns[column], steps)) for column in columns]
    total = len(anchors) * sum(len(values) for _, values in plans)
    check_memory(
        f"{total:,} images",
        total * (math.prod(model.image_shape) + 4 * model.latents.dim),
        "take fewer --steps",
    )
    stacked = torch.cat([_moved(anchors, column, values) for column, values in plans])
    pixels = decode(model, stacked, desc="traversing")
    rows, start = [], 0
    for name, (_, values) in zip(names, plans, strict=True):
        count = len(anchors) * len(values)
        images = pixels[start : start + count].reshape(len(anchors), len(values), *pixels.shape[1:])
        rows.append(Row(name, values, images))
        start += count
    return Traversal(rows, found.words, model.image_shape, as_model(model), found, seed)


def steps_of(block: Block, steps: int) -> list[float]:
    """The values a latent with this prior takes in a traversal, ascending."""
    if block.kind != "grid":
        low, high = block.range
        return [float(value) for value in np.linspace(low, high, steps)]
    if len(block.values) <= steps:
        return list(block.values)
    chosen = np.linspace(0, len(block.values) - 1, steps).round().astype(int)
    return [block.values[i] for i in chosen]


def make_anchors(model: AnyModel, anchor: str | Path, seed: int) -> Anchors:
    """What a traversal starts from.

    Raises:
        UsageError: no such anchor, or a picture that cannot be read.
    """
    rng = torch.Generator().manual_seed(seed)
    if anchor == "prior":
        return Anchors(model.latents.sample(1, rng), f"a draw from the prior (seed {seed})")
    if anchor == "mean":
        return Anchors(model.latents.centre()[None], CENTRE)
    if anchor == "sample":
        draws = model.latents.sample(NUM_SAMPLES, rng)
        return Anchors(draws, f"{NUM_SAMPLES} draws from the prior (seed {seed})")
    if not Path(anchor).exists():
        raise UsageError(
            f"no anchor {str(anchor)!r}: it is neither a picture file nor one of: {', '.join(ANCHORS)}"
            f"{did_you_mean(str(anchor), ANCHORS) or did_you_mean_file(Path(anchor))}"
        )
    photo = read_photo(anchor, model.image_shape)
    latents = latents_of(as_model(model), photo, rng).cpu()
    pair = np.concatenate([to_pixels(photo), to_pixels(model.generate(latents))])
    return Anchors(latents, f"the codes of {Path(anchor).name}", pair)


def _moved(anchors: Tensor, column: int, values: list[float]) -> Tensor:
    """(A, L) anchors -> (A * T, L): every anchor with every value in one column."""
    moved = anchors[:, None].repeat(1, len(values), 1)
    moved[:, :, column] = torch.tensor(values, dtype=anchors.dtype)
    return moved.flatten(0, 1)


def read_photo(path: str | Path, image_shape: tuple[int, int, int]) -> Tensor:
    """A picture file as a model's input: (1, C, H, W) float32 in [0, 1], treated like one of an image folder.

    Raises:
        UsageError: the file is missing or no picture, or the model's images are not square or of neither 1
            nor 3 channels.
    """
    channels, height, width = image_shape
    if channels not in (1, 3) or height != width:
        shape = f"{channels}x{height}x{width}"
        raise UsageError(f"{path}: a picture fits square models of 1 or 3 channels, this one is {shape}")
    pixels, seen = decode_seen(Path(path), height, channels, None)
    if seen.several:
        warn(f"{path}: holds several pictures (frames or pages), of which the first is taken")
    return torch.tensor(pixels)[None].float() / 255

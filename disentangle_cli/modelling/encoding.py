"""Codes of a data set's images, a batch at a time."""

import math

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.arraytypes import Floats, Ints
from disentangle_cli.datasets import Dataset
from disentangle_cli.modelling.loaded import CHUNK
from disentangle_cli.modelling.model import Model
from disentangle_cli.output import progress

BATCH = 2048
"""Images in memory at a time, at most."""
BYTES = 2**28
"""What they may take as float32, where a chunk takes no more."""


def images_at_once(shape: tuple[int, int, int]) -> int:
    """How many images (C, H, W) are encoded at a time.

    Whole chunks of a loaded model, whose numbers do not depend on it therefore.
    """
    chunks = BYTES // (4 * math.prod(shape)) // CHUNK
    return min(BATCH, max(1, chunks) * CHUNK)


@torch.no_grad()
def encoded(
    model: Model, dataset: Dataset, rows: Ints, *, spread: bool = False, device: str | None = None
) -> tuple[Floats, Floats | None]:
    """Encode the images at ``rows (n,)``, whose shape is the model's.

    Args:
        model: its encoder.
        dataset: the images.
        rows: which.
        spread: whether standard deviations of the posterior are wanted.
        device: where bytes become numbers from 0 to 1 (a GPU rounds some to another side); None: where the
            model's networks run.

    Returns:
        ``(n, K)`` float32 means (of the posterior, or what Q gives), and ``(n, K)`` standard deviations; None
        where they are not wanted or there is no posterior.
    """
    means = np.empty((len(rows), model.latents.num_codes), np.float32)
    stds = np.empty_like(means)
    at_once = images_at_once(dataset.image_shape)
    dataset.prepare(rows)
    with progress(total=len(rows), desc="encoding", unit="images") as bar:
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            images = dataset.tensors(rows[part], device or model.device)
            posterior = model.posterior(images) if spread else None
            spread = posterior is not None
            mean = model.encode(images) if posterior is None else posterior[0]
            means[part] = mean.float().cpu().numpy()
            if posterior is not None:
                stds[part] = (0.5 * posterior[1].float()).exp().cpu().numpy()
            bar.update(len(images))
    return means, stds if spread else None


def latents_of(model: Model, images: Tensor, rng: torch.Generator) -> Tensor:
    """(n, C, H, W) images in [0, 1] -> (n, L) float32 latents from which they are made again.

    Codes are those that the encoder gives; what is no code (a GAN's noise) is drawn from its prior. The rows
    are where the model's networks run.
    """
    latents = model.latents.sample(len(images), rng).to(model.device)
    latents[:, model.latents.code_columns] = model.encode(images).to(latents)
    return latents

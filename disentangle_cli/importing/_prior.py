"""A prior for autoencoders that have none: a Gaussian fitted to their codes, each code on its own."""

import numpy as np
import torch

from disentangle_cli.datasets import Dataset
from disentangle_cli.generation import encode_dataset
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import Model

IMAGES = 10_000
LEAST_STD = 1e-6
"""For a code that never moves; a prior must have some width."""


def fit_gaussian(model: Model, dataset: Dataset, seed: int) -> Latents:
    """Independent normal latents with the mean and standard deviation of the codes of up to 10,000 images.

    Raises:
        UsageError: the images do not have the model's shape.
    """
    codes = torch.from_numpy(encode_dataset(model, dataset, num=IMAGES, seed=seed)["codes"]).double().numpy()
    means, stds = codes.mean(0), np.maximum(codes.std(0), LEAST_STD)
    return Latents(
        [
            Block(f"code {i + 1}", "normal", 1, True, mean=float(mean), std=float(std))
            for i, (mean, std) in enumerate(zip(means, stds, strict=True))
        ]
    )

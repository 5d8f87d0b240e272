"""A data set and models whose scores are known."""

import numpy as np
import torch
from numpy.typing import NDArray

from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import Model
from disentangle_cli.scoring.classifier import Judge

SIZES = (3, 1, 5, 4)
SMALL = (
    "data.rows=200", "data.reference=50", "data.groups=40", "data.group_size=10", "data.test_rows=100",
    "data.eval_groups=20", "data.pairs=40", "data.eval_pairs=20", "data.pair_size=6",
)  # fmt: skip


class Bars(GridDataset):
    """Images whose first row holds the class ids; the second factor has one value."""

    name = "bars"
    fingerprint = "bars-1"
    image_shape = (1, 4, 4)
    factors = tuple(
        Factor(name, size, tuple(float(v) for v in range(size)), name != "kind")
        for name, size in zip(("kind", "fixed", "x", "y"), SIZES, strict=True)
    )

    def images(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        pictures = np.zeros((len(indices), 1, 4, 4), np.uint8)
        pictures[:, 0, 0] = self.classes(indices) * 50
        return pictures


class Reader(Model):
    """A model that reads the class ids off; with ``spread`` its posterior has that standard deviation."""

    image_shape = (1, 4, 4)
    latents = Latents([Block("c", "normal", 4, True)])

    def __init__(self, spread: float | None = None) -> None:
        self.spread = spread
        self.encoded = 0

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        self.encoded += len(images)
        assert 0 <= float(images.min()) <= float(images.max()) <= 1
        return images[:, 0, 0] * 255 / 50

    def posterior(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        if self.spread is None:
            return None
        mean = self.encode(images)
        return mean, torch.full_like(mean, 2 * float(np.log(self.spread)))

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> torch.Tensor:
        raise NotImplementedError

    def generate(self, latents: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class Artist(Reader):
    """Draws what it read; its images come from the prior as bars of random height."""

    latents = Latents([Block("c", "uniform", 4, True), Block("z", "normal", 1, False)])

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> torch.Tensor:
        return self.latents.sample(n, rng)

    def generate(self, latents: torch.Tensor) -> torch.Tensor:
        images = torch.zeros(len(latents), 1, 4, 4)
        images[:, 0, 0] = latents[:, :4].clamp(0, 5) * 50 / 255
        return images


def net_weights(judge: Judge) -> list[torch.Tensor]:
    return list(judge.net.state_dict().values())

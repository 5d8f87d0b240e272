"""Write a dcr checkpoint without dcr: train a tiny VAE in plain PyTorch and save it in dcr's format.

    python examples/write_checkpoint.py blobs.pt && dcr traverse blobs.pt --out blobs.png

The images are 16x16 pictures of a soft round spot whose place and size vary.
"""

import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE, CODES, HIDDEN, SEED, ITERATIONS, BETA = 16, 3, 128, 0, 600, 2.0


def draw_images(n: int, rng: torch.Generator) -> Tensor:
    """(n, 1, 16, 16) in [0, 1]."""
    x, y = (torch.rand(n, 1, 1, generator=rng) * 8 + 4 for _ in range(2))
    size = torch.rand(n, 1, 1, generator=rng) * 2 + 1.5
    grid = torch.arange(SIDE).float()
    squared = (grid[None, None, :] - x) ** 2 + (grid[None, :, None] - y) ** 2
    return torch.exp(-squared / (2 * size**2))[:, None]


def train() -> tuple[nn.Sequential, nn.Sequential]:
    """A beta-VAE of dcr's ``mlp`` architecture: the encoder gives means, then log-variances."""
    torch.manual_seed(SEED)
    rng = torch.Generator().manual_seed(SEED)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * CODES))
    generator = nn.Sequential(nn.Linear(CODES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, SIDE**2))
    optimiser = torch.optim.Adam([*encoder.parameters(), *generator.parameters()], lr=2e-3)
    for _ in range(ITERATIONS):
        images = draw_images(64, rng)
        mean, logvar = encoder(images).chunk(2, dim=1)
        codes = mean + torch.exp(logvar / 2) * torch.randn(mean.shape, generator=rng)
        error = F.binary_cross_entropy_with_logits(generator(codes), images.flatten(1), reduction="sum")
        divergence = 0.5 * (mean**2 + logvar.exp() - logvar - 1).sum()
        optimiser.zero_grad()
        ((error + BETA * divergence) / len(images)).backward()
        optimiser.step()
    return generator, encoder


def checkpoint(generator: nn.Module, encoder: nn.Module) -> dict[str, Any]:
    """The whole format."""
    return {
        "format": "dcr-checkpoint",
        "version": 1,
        "model": "my-vae",
        "config": {
            "architecture": {"name": "mlp", "hidden": [HIDDEN]},
            "generator_output": "logits",
            "encoder_output": "mean-logvar",
        },
        "image": {"channels": 1, "height": SIDE, "width": SIDE},
        "latents": [{"name": "codes", "kind": "normal", "dim": CODES, "code": True, "mean": 0.0, "std": 1.0}],
        "weights": {"generator": dict(generator.state_dict()), "encoder": dict(encoder.state_dict())},
        "provenance": {
            "source": "imported",
            "dataset": "blobs",
            "seed": SEED,
            "iteration": ITERATIONS,
        },
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {Path(sys.argv[0]).name} OUT.pt")
    torch.save(checkpoint(*train()), sys.argv[1])
    print(sys.argv[1])

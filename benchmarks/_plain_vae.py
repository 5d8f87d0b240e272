"""A beta-VAE's training step in plain PyTorch: stock modules, float32, default layout, one Adam.

The convolutional network is the one of disentangling-vae (Burgess et al. 2018), whose step was the fastest
among the peers that were timed. dcr trains the same network as architecture ``burgess``.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def encoder(codes: int) -> nn.Module:
    """(n, 1, 64, 64) -> (n, 2 codes)."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise([1, 32, 32, 32, 32]):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.ReLU()]
    layers += [nn.Flatten(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(256, 2 * codes))


def decoder(codes: int) -> nn.Module:
    """(n, codes) -> (n, 1, 64, 64) in [0, 1]."""
    layers: list[nn.Module] = [nn.Linear(codes, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    layers += [nn.Linear(256, 512), nn.ReLU(), nn.Unflatten(1, (32, 4, 4))]
    for _ in range(3):
        layers += [nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Sigmoid())


class PlainBetaVae:
    """Encoder, decoder and their optimiser."""

    def __init__(self, codes: int = 10, beta: float = 4.0) -> None:
        self.encoder, self.decoder, self.beta = encoder(codes), decoder(codes), beta
        self.optimiser = torch.optim.Adam([*self.encoder.parameters(), *self.decoder.parameters()], 5e-4)

    def step(self, images: Tensor) -> float:
        """One iteration on (B, 1, 64, 64) images."""
        mean, logvar = self.encoder(images).chunk(2, 1)
        codes = mean + (logvar / 2).exp() * torch.randn_like(mean)
        reconstruction = F.binary_cross_entropy(self.decoder(codes), images, reduction="sum") / len(images)
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean()
        loss = reconstruction + self.beta * kl
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return float(loss)

"""The official InfoGAN-CR iteration in plain PyTorch: the baseline of the training benchmark.

Stock modules and the stock spectral norm, float32, default memory layout, gradients for every parameter in
every step, one forward pass for each use of an image. Batches, order of steps and losses are the official
ones: H, then D and Q, then two steps of G. Not for training: the stock spectral norm stores its vectors at
every forward pass and stops their gradient, which the official code does not.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

CODES, NOISE, GUARD = 5, 5, 1e-8


def generator() -> nn.Module:
    """(n, 10) -> (n, 1, 64, 64)."""
    layers: list[nn.Module] = [
        nn.Linear(CODES + NOISE, 128), nn.ReLU(), nn.BatchNorm1d(128),
        nn.Linear(128, 1024), nn.ReLU(), nn.BatchNorm1d(1024), nn.Unflatten(1, (64, 4, 4)),
    ]  # fmt: skip
    for inputs, outputs in itertools.pairwise([64, 64, 32, 32]):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Sigmoid())


def trunk(channels: int) -> nn.Sequential:
    """(n, C, 64, 64) -> (n, 128)."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise([channels, 32, 32, 64, 64]):
        layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), spectral_norm(nn.Linear(1024, 128)), nn.LeakyReLU(0.2))


class PlainInfoGanCr:
    """G, D with Q, H and their optimisers."""

    def __init__(self) -> None:
        self.g = generator()
        self.trunk = trunk(1)
        self.real = spectral_norm(nn.Linear(128, 1))
        self.codes = nn.Sequential(
            spectral_norm(nn.Linear(128, 128)), nn.LeakyReLU(0.2), spectral_norm(nn.Linear(128, CODES))
        )
        self.h = nn.Sequential(trunk(2), nn.Linear(128, CODES))
        d = [*self.trunk.parameters(), *self.real.parameters(), *self.codes.parameters()]
        self.optim_g = torch.optim.Adam(self.g.parameters(), 1e-3, (0.5, 0.999))
        self.optim_d = torch.optim.Adam(d, 2e-3, (0.5, 0.999))
        self.optim_h = torch.optim.Adam(self.h.parameters(), 2e-3, (0.5, 0.999))

    def step(self, images: Tensor, weight: float) -> float:
        """One iteration on (B, 1, 64, 64) images with the regulariser's weight; 0 leaves H alone."""
        n = len(images)
        latents = torch.rand(n, CODES + NOISE) * 2 - 1
        label = torch.randint(CODES, (n,))
        first = torch.rand(n, CODES + NOISE) * 2 - 1
        other = torch.rand(n, CODES) * 2 - 1
        kept = F.one_hot(label, CODES).bool()
        second = torch.cat([torch.where(kept, first[:, :CODES], other), first[:, CODES:]], 1)
        if weight:
            _step(self.optim_h, self._contrastive(first, second, label))
        fake = self.g(latents)
        loss = -(self._realness(images) + GUARD).log().mean()
        loss = loss - (1 - self._realness(fake) + GUARD).log().mean() + 0.05 * self._info(fake, latents)
        _step(self.optim_d, loss)
        for _ in range(2):
            fake = self.g(latents)
            loss = -(self._realness(fake) + GUARD).log().mean() + 0.05 * self._info(fake, latents)
            if weight:
                loss = loss + weight * self._contrastive(first, second, label)
            _step(self.optim_g, loss)
        return float(loss)

    def _contrastive(self, first: Tensor, second: Tensor, label: Tensor) -> Tensor:
        return F.cross_entropy(self.h(torch.cat([self.g(first), self.g(second)], 1)), label)

    def _realness(self, images: Tensor) -> Tensor:
        return torch.sigmoid(self.real(self.trunk(images)))

    def _info(self, images: Tensor, latents: Tensor) -> Tensor:
        error = latents[:, :CODES] - self.codes(self.trunk(images))
        return (error.square() / 2).sum(1).mean()


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()

"""The 32x32 networks of InfoGAN-CR for CelebA (Lin et al. 2020): 5x5 kernels, wider layers.

Order inside a layer: linear map, batch norm, activation. The official networks work on images in
[-1, 1]; here images are in [0, 1] at every boundary and the change of range is part of the network.
"""

import itertools

from torch import Tensor, nn

from disentangle_cli.networks.architecture import ARCHITECTURES, GanArchitecture
from disentangle_cli.networks.gan import Discriminator, Encoder, Norm
from disentangle_cli.networks.layers import (
    BatchNorm1d,
    BatchNorm2d,
    Conv,
    Linear,
    TransposedConv,
    leaky,
)


class Generator(nn.Module):
    """(n, L) latents -> (n, C, 32, 32) in [0, 1]."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            Linear(latent_dim, 1024), BatchNorm1d(1024), nn.ReLU(),
            Linear(1024, 4096), BatchNorm1d(4096), nn.ReLU(),
        )  # fmt: skip
        self.convs = nn.Sequential(
            TransposedConv(256, 128, 5), BatchNorm2d(128), nn.ReLU(),  # 8x8
            TransposedConv(128, 64, 5), BatchNorm2d(64), nn.ReLU(),  # 16x16
            TransposedConv(64, channels, 5), nn.Tanh(),
        )  # fmt: skip

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        images: Tensor = self.convs(self.dense(latents).unflatten(1, (256, 4, 4)))
        return (images + 1) / 2


class _Centre(nn.Module):
    """[0, 1] -> [-1, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return images * 2 - 1


def _trunk(channels: int, spectral: bool, batch_norm: bool = False) -> nn.Sequential:
    """(n, C, 32, 32) -> (n, 512, 2, 2) features."""
    layers: list[nn.Module] = [_Centre()]
    widths = [channels, 64, 128, 256, 512]
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        layers.append(Conv(inputs, outputs, 5, spectral=spectral))
        if batch_norm and i > 0:
            layers.append(BatchNorm2d(outputs))
        layers.append(leaky())
    return nn.Sequential(*layers)


@ARCHITECTURES.register("infogan-32")
class InfoGan32(GanArchitecture):
    """Generator, D/Q and H for 32x32 images."""

    sizes = (32,)

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """5,346,563 parameters for L = 105 and three channels."""
        return Generator(latent_dim, channels)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """Trunk and Q head without spectral norm: trained weights are stored already divided by sigma."""
        return Encoder(_trunk(channels, spectral=False), Linear(2048, outputs))

    def discriminator(self, num_codes: int, channels: int, size: int) -> Discriminator:
        """D and Q: 4,318,854 parameters for K = 5 and three channels."""
        head = Linear(2048, num_codes, spectral=True)
        return Discriminator(_trunk(channels, spectral=True), Linear(2048, 1, spectral=True), head)

    def contrastive(self, num_codes: int, channels: int, size: int, norm: Norm) -> nn.Module:
        """H: (n, 2C, 32, 32) pairs -> (n, K) logits; 4,323,397 parameters for K = 5 and three channels."""
        trunk = _trunk(2 * channels, spectral=norm == "spectral", batch_norm=norm == "batch")
        return nn.Sequential(trunk, Linear(2048, num_codes))

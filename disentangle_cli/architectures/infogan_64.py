"""The 64x64 networks of InfoGAN-CR (dSprites, CdSprites and 3D Teapots; Lin et al. 2020).

Order inside a layer of the generator: linear map, activation, batch norm. The discriminator D and
the encoder Q share a trunk that is spectrally normalised throughout, heads included. H, the
contrastive discriminator, sees two images stacked on channels and has a plain last layer.
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
    """(n, L) latents -> (n, C, 64, 64) in [0, 1]."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            Linear(latent_dim, 128), nn.ReLU(), BatchNorm1d(128),
            Linear(128, 1024), nn.ReLU(), BatchNorm1d(1024),
        )  # fmt: skip
        self.convs = nn.Sequential(
            TransposedConv(64, 64), leaky(), BatchNorm2d(64),  # 8x8
            TransposedConv(64, 32), leaky(), BatchNorm2d(32),  # 16x16
            TransposedConv(32, 32), leaky(), BatchNorm2d(32),  # 32x32
            TransposedConv(32, channels), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        images: Tensor = self.convs(self.dense(latents).unflatten(1, (64, 4, 4)))
        return images


def _trunk(channels: int, spectral: bool, batch_norm: bool = False) -> nn.Sequential:
    """(n, C, 64, 64) -> (n, 128) features."""
    layers: list[nn.Module] = []
    widths = [channels, 32, 32, 64, 64]
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        layers += [Conv(inputs, outputs, spectral=spectral), leaky()]
        if batch_norm and i > 0:
            layers.append(BatchNorm2d(outputs))
    layers += [Linear(1024, 128, spectral=spectral), leaky()]
    if batch_norm:
        layers.append(BatchNorm1d(128))
    return nn.Sequential(*layers)


def _code_head(outputs: int, spectral: bool) -> nn.Sequential:
    return nn.Sequential(
        Linear(128, 128, spectral=spectral), leaky(), Linear(128, outputs, spectral=spectral)
    )


@ARCHITECTURES.register("infogan-64")
class InfoGan64(GanArchitecture):
    """Generator, D/Q and H for 64x64 images."""

    sizes = (64,)

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """251,393 parameters for L = 10 and one channel."""
        return Generator(latent_dim, channels)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """Trunk and Q head without spectral norm: trained weights are stored already divided by sigma."""
        return Encoder(_trunk(channels, spectral=False), _code_head(outputs, spectral=False))

    def discriminator(self, num_codes: int, channels: int, size: int) -> Discriminator:
        """D and Q: 263,878 parameters for K = 5 and one channel."""
        trunk = _trunk(channels, spectral=True)
        return Discriminator(trunk, Linear(128, 1, spectral=True), _code_head(num_codes, spectral=True))

    def contrastive(self, num_codes: int, channels: int, size: int, norm: Norm) -> nn.Module:
        """H: (n, 2C, 64, 64) pairs -> (n, K) logits; 247,749 parameters for K = 5 and one channel."""
        trunk = _trunk(2 * channels, spectral=norm == "spectral", batch_norm=norm == "batch")
        return nn.Sequential(trunk, Linear(128, num_codes))

"""The 32x32 networks of InfoGAN-CR for CelebA (Lin et al. 2020): 5x5 kernels, wider layers.

Order inside a layer: linear map, batch norm, activation. The official networks work on images in
[-1, 1]; here images are in [0, 1] at every boundary and the change of range is part of the network.
"""

import itertools

from torch import Tensor, nn

from disentangle_cli.architectures.infogan import InfoGanNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES
from disentangle_cli.networks.gan import generator
from disentangle_cli.networks.layers import BatchNorm1d, BatchNorm2d, Conv, Linear, TransposedConv, leaky


class _Centre(nn.Module):
    """[0, 1] -> [-1, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return images * 2 - 1


class _Uncentre(nn.Module):
    """[-1, 1] -> [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images + 1) / 2


@ARCHITECTURES.register("infogan-32")
class InfoGan32(InfoGanNetworks):
    """Generator, D/Q and H for 32x32 images; parameters are counted for three channels, L = 105 and K = 5.

    D and Q have 4,318,854 parameters, H has 4,323,397.
    """

    sizes = (32,)
    features = 2048

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) latents -> (n, C, 32, 32) in [0, 1]; 5,346,563 parameters."""
        eps = self.norm_eps
        dense = nn.Sequential(
            Linear(latent_dim, 1024), BatchNorm1d(1024, eps), nn.ReLU(),
            Linear(1024, 4096), BatchNorm1d(4096, eps), nn.ReLU(), nn.Unflatten(1, (256, 4, 4)),
        )  # fmt: skip
        convs = nn.Sequential(
            TransposedConv(256, 128, 5), BatchNorm2d(128, eps), nn.ReLU(),  # 8x8
            TransposedConv(128, 64, 5), BatchNorm2d(64, eps), nn.ReLU(),  # 16x16
            TransposedConv(64, channels, 5), nn.Tanh(), _Uncentre(),
        )  # fmt: skip
        return generator(dense, convs)

    def trunk(self, channels: int, size: int, spectral: bool, batch_norm: bool = False) -> nn.Sequential:
        """(n, C, 32, 32) -> (n, 512, 2, 2) features."""
        layers: list[nn.Module] = [_Centre()]
        widths = [channels, 64, 128, 256, 512]
        for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            layers.append(Conv(inputs, outputs, 5, spectral=spectral))
            if batch_norm and i > 0:
                layers.append(BatchNorm2d(outputs, self.norm_eps))
            layers.append(leaky())
        return nn.Sequential(*layers)

    def code_head(self, outputs: int, spectral: bool) -> nn.Module:
        """Q's own layer: features -> (n, outputs)."""
        return Linear(2048, outputs, spectral=spectral)

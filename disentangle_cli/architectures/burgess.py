"""The convolutional autoencoder of Burgess et al. (Understanding disentangling in beta-VAE, 2018).

The variant for 32x32 images has one convolution less on each side.
"""

from torch import nn

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture
from disentangle_cli.networks.autoencoder import Head
from disentangle_cli.networks.layers import Conv, Linear, TransposedConv

WIDTH = 32
HIDDEN = 256


@ARCHITECTURES.register("burgess")
class Burgess(Architecture):
    """Convolutions of 32 channels with kernel 4 and stride 2, two layers of 256, ReLU everywhere."""

    sizes = (32, 64)

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, size, size) logits; 249,569 parameters for 64x64, L = 10 and one channel."""
        layers: list[nn.Module] = [
            Linear(latent_dim, HIDDEN), nn.ReLU(),
            Linear(HIDDEN, HIDDEN), nn.ReLU(),
            Linear(HIDDEN, WIDTH * 4 * 4), nn.ReLU(), nn.Unflatten(1, (WIDTH, 4, 4)),
        ]  # fmt: skip
        for _ in range(_convolutions(size) - 1):
            layers += [TransposedConv(WIDTH, WIDTH), nn.ReLU()]
        return nn.Sequential(*layers, TransposedConv(WIDTH, channels))

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, size, size) -> (n, outputs); 252,116 parameters for 64x64, 20 outputs and one channel."""
        layers: list[nn.Module] = [Conv(channels, WIDTH), nn.ReLU()]
        for _ in range(_convolutions(size) - 1):
            layers += [Conv(WIDTH, WIDTH), nn.ReLU()]
        layers += [Linear(WIDTH * 4 * 4, HIDDEN), nn.ReLU(), Linear(HIDDEN, HIDDEN), nn.ReLU()]
        return nn.Sequential(*layers, Head(HIDDEN, outputs))


def _convolutions(size: int) -> int:
    """Halvings from ``size`` to 4."""
    return 4 if size == 64 else 3

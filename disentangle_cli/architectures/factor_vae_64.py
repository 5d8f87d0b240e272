"""The 64x64 FactorVAE networks of the InfoGAN-CR paper's official code (dSprites, 3D Teapots).

They are the GAN's networks without normalisation, with ReLU throughout and a linear layer before the head.
"""

import torch
from torch import nn

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture
from disentangle_cli.networks.autoencoder import Head, relu_decoder
from disentangle_cli.networks.layers import Conv, Linear, initialise


@ARCHITECTURES.register("factor-vae-64")
class FactorVae64(Architecture):
    """Encoder and decoder."""

    sizes = (64,)

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, 64, 64) logits; 248,833 parameters for L = 10 and one channel."""
        return relu_decoder(latent_dim, 128, channels, size)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, 64, 64) -> (n, outputs); 249,172 parameters for 20 outputs and one channel."""
        return nn.Sequential(
            Conv(channels, 32), nn.ReLU(),  # 32x32
            Conv(32, 32), nn.ReLU(),  # 16x16
            Conv(32, 64), nn.ReLU(),  # 8x8
            Conv(64, 64), nn.ReLU(),  # 4x4
            Linear(1024, 128),  # no activation, as in the official code
            Head(128, outputs),
        )  # fmt: skip

    def initialise(self, net: nn.Module, rng: torch.Generator) -> None:
        """Normal with standard deviation 0.02, as the official code initialises all its networks."""
        initialise(net, rng)

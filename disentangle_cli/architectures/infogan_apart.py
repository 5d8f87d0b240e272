"""The networks of ``infogan`` with Q apart from D, so that Q can be trained before there is a game.

Not the paper's: there D and Q share a trunk. Q has no spectral norm and gives a Gaussian posterior, whose
mean on the uniform scale is the code (:mod:`disentangle_cli.networks.gaussian`); D's last layer is plain, so
that its logits can grow.
"""

import torch
from torch import nn

from disentangle_cli.architectures.infogan import InfoGanNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES
from disentangle_cli.networks.autoencoder import Head, he
from disentangle_cli.networks.gan import GaussianEncoder, LoneDiscriminator
from disentangle_cli.networks.layers import Linear, leaky


@ARCHITECTURES.register("infogan-apart")
class InfoGanApart(InfoGanNetworks):
    """Generator and H of ``infogan``, D alone, and an encoder of the same layers as its D and Q."""

    differs = "Q apart from D, not the paper's networks"

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """Q: (n, C, size, size) -> (n, outputs) in [-1, 1], from means and log-variances."""
        posterior = nn.Sequential(Linear(128, 128), leaky(), Head(128, 2 * outputs))
        return GaussianEncoder(self.trunk(channels, size, False), posterior)

    def discriminator(self, num_codes: int, channels: int, size: int) -> LoneDiscriminator:
        """D on a spectrally normalised trunk."""
        return LoneDiscriminator(self.trunk(channels, size, True), Linear(self.features, 1))

    def initialise(self, net: nn.Module, rng: torch.Generator) -> None:
        """Draw the weights of the encoder."""
        he(net, rng)

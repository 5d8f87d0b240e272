"""Convolutional networks of autoencoders for images of several sizes.

Those for 64x64 are the networks of the large-scale study of Locatello et al. (ICML 2019, appendix); other
sizes have more or fewer stages (:mod:`disentangle_cli.networks.stages`).
"""

import itertools

from torch import nn

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture
from disentangle_cli.networks.autoencoder import Head, relu_decoder
from disentangle_cli.networks.layers import Conv, Linear
from disentangle_cli.networks.stages import SIDES, features, inward


@ARCHITECTURES.register("study")
class StudyNetworks(Architecture):
    """Encoder and decoder with ReLU; parameters are counted for 64x64 images and one channel.

    The last two convolutions of the encoder have kernel 2, but what sees the image has kernel 4.
    """

    sizes: tuple[int, ...] = SIDES

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, size, size) logits; 381,313 parameters for L = 10."""
        return relu_decoder(latent_dim, 256, channels, size)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, size, size) -> (n, outputs); 309,204 parameters for 20 outputs."""
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(itertools.pairwise([channels, *inward(size)])):
            layers += [Conv(before, after, kernel=2 if after == 64 and i > 0 else 4), nn.ReLU()]
        return nn.Sequential(*layers, Linear(features(size), 256), nn.ReLU(), Head(256, outputs))

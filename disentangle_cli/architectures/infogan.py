"""The networks of InfoGAN-CR (Lin et al. 2020) for images of several sizes.

Those for 64x64 are the paper's for dSprites, CdSprites and 3D Teapots; other sizes have more or fewer stages
(:mod:`disentangle_cli.networks.stages`). Order inside a layer of the generator: linear map, activation, batch
norm. The discriminator D and the encoder Q share a trunk that is spectrally normalised throughout, heads
included. H, the contrastive discriminator, sees two images stacked on channels and has a plain last layer.
"""

import itertools

from torch import nn

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.architecture import ARCHITECTURES, GanArchitecture
from disentangle_cli.networks.gan import Discriminator, Encoder, LoneDiscriminator, Norm, generator
from disentangle_cli.networks.layers import BatchNorm1d, BatchNorm2d, Conv, Linear, TransposedConv, leaky
from disentangle_cli.networks.stages import SIDES, features, inward, smallest


@ARCHITECTURES.register("infogan")
class InfoGanNetworks(GanArchitecture):
    """Generator, D/Q and H; parameters are counted for 64x64 images, one channel, L = 10 and K = 5.

    D and Q have 263,878 parameters, H has 247,749.
    """

    sizes: tuple[int, ...] = SIDES
    features = 128
    """Width of what the trunk gives."""

    def __init__(self, norm_eps: float = 1e-5) -> None:
        """``norm_eps`` is what batch norm adds to the variance: more than 0, at most 1.

        Raises:
            UsageError: it is no such number.
        """
        if type(norm_eps) not in (int, float) or not 0 < norm_eps <= 1:
            raise UsageError(f"norm_eps must be a number above 0 and at most 1, not {norm_eps!r}")
        self.norm_eps = norm_eps

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) latents -> (n, C, size, size) in [0, 1]; 251,393 parameters."""
        eps, side, wide = self.norm_eps, smallest(size), features(size)
        dense = nn.Sequential(
            Linear(latent_dim, 128), nn.ReLU(), BatchNorm1d(128, eps),
            Linear(128, wide), nn.ReLU(), BatchNorm1d(wide, eps), nn.Unflatten(1, (64, side, side)),
        )  # fmt: skip
        convs: list[nn.Module] = []
        widths = inward(size)[::-1]
        for inputs, outputs in itertools.pairwise(widths):
            convs += [TransposedConv(inputs, outputs), leaky(), BatchNorm2d(outputs, eps)]
        return generator(dense, nn.Sequential(*convs, TransposedConv(widths[-1], channels), nn.Sigmoid()))

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """Trunk and Q head without spectral norm: trained weights are stored already divided by sigma."""
        return Encoder(self.trunk(channels, size, False), self.code_head(outputs, False))

    def discriminator(self, num_codes: int, channels: int, size: int) -> Discriminator | LoneDiscriminator:
        """D and Q on one trunk, all of it spectrally normalised."""
        trunk, real = self.trunk(channels, size, True), Linear(self.features, 1, spectral=True)
        return Discriminator(trunk, real, self.code_head(num_codes, True))

    def contrastive(self, num_codes: int, channels: int, size: int, norm: Norm) -> nn.Module:
        """H: (n, 2C, H, W) pairs -> (n, K) logits."""
        trunk = self.trunk(2 * channels, size, norm == "spectral", batch_norm=norm == "batch")
        return nn.Sequential(trunk, Linear(self.features, num_codes))

    def trunk(self, channels: int, size: int, spectral: bool, batch_norm: bool = False) -> nn.Sequential:
        """(n, C, size, size) -> (n, 128) features."""
        layers: list[nn.Module] = []
        for i, (inputs, outputs) in enumerate(itertools.pairwise([channels, *inward(size)])):
            layers += [Conv(inputs, outputs, spectral=spectral), leaky()]
            if batch_norm and i > 0:
                layers.append(BatchNorm2d(outputs, self.norm_eps))
        layers += [Linear(features(size), 128, spectral=spectral), leaky()]
        if batch_norm:
            layers.append(BatchNorm1d(128, self.norm_eps))
        return nn.Sequential(*layers)

    def code_head(self, outputs: int, spectral: bool) -> nn.Module:
        """Q's own layers: features -> (n, outputs)."""
        hidden = Linear(128, 128, spectral=spectral)
        return nn.Sequential(hidden, leaky(), Linear(128, outputs, spectral=spectral))

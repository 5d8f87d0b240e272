"""The InfoGAN networks with the stochastic layer of IB-GAN (Jeon et al., AAAI 2021)."""

from torch import Tensor, nn

from disentangle_cli.architectures.infogan import InfoGanNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES
from disentangle_cli.networks.layers import Linear

INPUTS = 16
"""Dimensions of the input z, as in the authors' code for dSprites."""


class Embedding(nn.Module):
    """e(r|z): (n, 16) inputs -> mean and log-variance of the latents r, (n, R) each."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Linear(INPUTS, 32), nn.ReLU(), Linear(32, 32), nn.ReLU(), Linear(32, 2 * latent_dim)
        )

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        mean, logvar = self.layers(z).chunk(2, dim=1)
        return mean, logvar


class IbEncoder(nn.Module):
    """Images to codes: Q recovers z, and the mean of e(r|z) is the code."""

    def __init__(self, reconstructor: nn.Module, latent_dim: int) -> None:
        super().__init__()
        self.reconstructor = reconstructor
        self.embedding = Embedding(latent_dim)

    def forward(self, images: Tensor) -> Tensor:
        """(n, C, H, W) -> (n, R)."""
        mean: Tensor = self.embedding(self.reconstructor(images))[0]
        return mean


@ARCHITECTURES.register("ib-gan")
class IbGanNetworks(InfoGanNetworks):
    """Generator from r, D/Q, and an encoder that goes through z."""

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """Images (n, C, H, W) -> (n, outputs) means of r."""
        return IbEncoder(super().encoder(INPUTS, channels, size), outputs)

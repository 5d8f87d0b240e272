"""A GAN architecture for 8x8 images with every kind of layer that the real ones have, for quick tests."""

from torch import Tensor, nn

from disentangle_cli.networks.architecture import GanArchitecture
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
    def __init__(self, latent_dim: int, channels: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Sequential(Linear(latent_dim, 24), nn.ReLU(), BatchNorm1d(24, eps))
        self.convs = nn.Sequential(
            TransposedConv(6, 5), leaky(), BatchNorm2d(5, eps), TransposedConv(5, channels), nn.Sigmoid()
        )

    def forward(self, latents: Tensor) -> Tensor:
        images: Tensor = self.convs(self.dense(latents).unflatten(1, (6, 2, 2)))
        return images


def trunk(channels: int, spectral: bool, batch_norm: bool = False) -> nn.Sequential:
    norms: list[nn.Module] = [BatchNorm2d(7)] if batch_norm else []
    first = [Conv(channels, 5, spectral=spectral), leaky(), Conv(5, 7, spectral=spectral), leaky()]
    return nn.Sequential(*first, *norms, Linear(28, 11, spectral=spectral), leaky())


class TinyGan(GanArchitecture):
    sizes = (8,)

    def __init__(self, norm_eps: float = 1e-5) -> None:
        self.norm_eps = norm_eps

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        return Generator(latent_dim, channels, self.norm_eps)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        return Encoder(trunk(channels, spectral=False), Linear(11, outputs))

    def discriminator(self, num_codes: int, channels: int, size: int) -> Discriminator:
        heads = Linear(11, 1, spectral=True), Linear(11, num_codes, spectral=True)
        return Discriminator(trunk(channels, spectral=True), *heads)

    def contrastive(self, num_codes: int, channels: int, size: int, norm: Norm) -> nn.Module:
        body = trunk(2 * channels, spectral=norm == "spectral", batch_norm=norm == "batch")
        return nn.Sequential(body, Linear(11, num_codes))

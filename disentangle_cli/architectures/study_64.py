"""The 64x64 convolutional networks of the large-scale study of Locatello et al. (ICML 2019, appendix)."""

from torch import nn

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture
from disentangle_cli.networks.autoencoder import Head, relu_decoder
from disentangle_cli.networks.layers import Conv, Linear


@ARCHITECTURES.register("study-64")
class Study64(Architecture):
    """Encoder and decoder with ReLU; the last two convolutions of the encoder have kernel 2."""

    sizes = (64,)

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, 64, 64) logits; 381,313 parameters for L = 10 and one channel."""
        return relu_decoder(latent_dim, 256, channels)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, 64, 64) -> (n, outputs); 309,204 parameters for 20 outputs and one channel."""
        return nn.Sequential(
            Conv(channels, 32), nn.ReLU(),  # 32x32
            Conv(32, 32), nn.ReLU(),  # 16x16
            Conv(32, 64, kernel=2), nn.ReLU(),  # 8x8
            Conv(64, 64, kernel=2), nn.ReLU(),  # 4x4
            Linear(1024, 256), nn.ReLU(),
            Head(256, outputs),
        )  # fmt: skip

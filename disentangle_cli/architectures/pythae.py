"""The autoencoder networks of pythae: its stock MLP and the convolutional ones of its benchmark.

Chadebec et al., "Pythae: unifying generative autoencoders in Python" (NeurIPS 2022 datasets and benchmarks),
appendix: networks for MNIST (28x28, one channel), CIFAR (32x32) and CelebA (64x64). Encoder and decoder are
chosen on their own. The two heads of a Gaussian encoder are one layer here: means, then log-variances.
"""

import itertools

from torch import nn

from disentangle_cli.architectures.mlp import Mlp
from disentangle_cli.errors import UsageError
from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture

STOCK_WIDTH = 512
ENCODER_WIDTHS = (128, 256, 512, 1024)
KINDS = {"mlp": 0, "mnist": 28, "cifar": 32, "celeba": 64}
"""Image side of each kind; 0: any."""

_LAST_SIDE = {"mnist": 1, "cifar": 2, "celeba": 4}
"""Side of the encoder's last feature map."""

_DECODERS = {
    "mnist": (4, [(3, 2, 1, 0), (3, 2, 1, 1), (3, 2, 1, 1)]),  # 7, 14, 28 pixels
    "cifar": (8, [(4, 2, 1, 0), (4, 2, 1, 1), (4, 1, 2, 0)]),  # 16, 33, 32
    "celeba": (8, [(5, 2, 2, 0), (5, 2, 1, 0), (5, 2, 2, 1), (5, 1, 1, 0)]),  # 15, 31, 62, 64
}
"""Side of the first feature map; kernel, stride, padding and output padding of each layer."""


@ARCHITECTURES.register("pythae")
class Pythae(Architecture):
    """``encoder`` and ``decoder``: ``mlp``, ``mnist``, ``cifar`` or ``celeba``."""

    def __init__(self, encoder: str = "mlp", decoder: str = "mlp") -> None:
        self.kinds = {"encoder": encoder, "decoder": decoder}
        for part, kind in self.kinds.items():
            if kind not in KINDS:
                raise UsageError(f"architecture pythae: {part} must be one of {', '.join(KINDS)}")
        self.sizes = tuple({KINDS[kind] for kind in self.kinds.values()} - {0})

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, size, size) logits."""
        kind = self.kinds["decoder"]
        if kind == "mlp":
            return Mlp([STOCK_WIDTH]).generator(latent_dim, channels, size)
        _check_size(kind, size)
        side, shapes = _DECODERS[kind]
        widths = [*reversed(ENCODER_WIDTHS)][: len(shapes)]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, 1024 * side * side),
            nn.Unflatten(1, (1024, side, side)),
        ]
        for before, after, shape in zip(widths, [*widths[1:], channels], shapes, strict=True):
            layers += [nn.ConvTranspose2d(before, after, *shape), nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*layers[:-2])  # the last layer gives logits

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, size, size) -> (n, outputs)."""
        kind = self.kinds["encoder"]
        if kind == "mlp":
            return Mlp([STOCK_WIDTH]).encoder(outputs, channels, size)
        _check_size(kind, size)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise((channels, *ENCODER_WIDTHS)):
            layers += [nn.Conv2d(before, after, 4, 2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        features = ENCODER_WIDTHS[-1] * _LAST_SIDE[kind] ** 2
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, outputs))


def _check_size(kind: str, size: int) -> None:
    if size != KINDS[kind]:
        raise UsageError(
            f"pythae's {kind} networks make images of {KINDS[kind]}x{KINDS[kind]}, not {size}x{size}"
        )

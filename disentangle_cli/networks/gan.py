"""Shapes that the GAN architectures share: a trunk with heads."""

from collections import OrderedDict
from typing import Literal

from torch import Tensor, nn

Norm = Literal["spectral", "batch"]
"""Normalisation inside H."""


def generator(dense: nn.Sequential, convs: nn.Sequential) -> nn.Sequential:
    """(n, L) latents -> (n, C, H, W) images: linear layers to a small image, convolutions that enlarge it."""
    return nn.Sequential(OrderedDict(dense=dense, convs=convs))


class Encoder(nn.Module):
    """Q alone: images (n, C, H, W) -> (n, outputs)."""

    def __init__(self, trunk: nn.Module, codes: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.codes = codes

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        outputs: Tensor = self.codes(self.trunk(images))
        return outputs


class Discriminator(Encoder):
    """D and Q on one trunk; ``forward`` is Q, so that it can be exported as an :class:`Encoder`."""

    def __init__(self, trunk: nn.Module, real: nn.Module, codes: nn.Module) -> None:
        super().__init__(trunk, codes)
        self.real = real

    def realness(self, features: Tensor) -> Tensor:
        """Features (n, ...) of the trunk -> logits (n,) of being real."""
        logits: Tensor = self.real(features)
        return logits.squeeze(1)

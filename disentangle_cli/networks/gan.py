"""Shapes that the GAN architectures share: a trunk with heads."""

from collections import OrderedDict
from typing import Literal

from torch import Tensor, nn

from disentangle_cli.networks.gaussian import UniformMean

Norm = Literal["spectral", "batch"]
"""Normalisation inside H."""


def generator(dense: nn.Sequential, convs: nn.Sequential) -> nn.Sequential:
    """(n, L) latents -> (n, C, H, W) images: linear layers to a small image, convolutions that enlarge it."""
    return nn.Sequential(OrderedDict(dense=dense, convs=convs))


def ends_in_sigmoid(generator: nn.Module) -> bool:
    """Whether a :func:`generator` gives probabilities, of which :func:`logits_of` are the logits."""
    return isinstance(generator.get_submodule("convs")[-1], nn.Sigmoid)  # type: ignore[index]


def logits_of(generator: nn.Module, latents: Tensor) -> Tensor:
    """What a :func:`generator` gives before its last layer."""
    dense, convs = generator.get_submodule("dense"), generator.get_submodule("convs")
    logits: Tensor = convs[:-1](dense(latents))  # type: ignore[index]
    return logits


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


class LoneDiscriminator(nn.Module):
    """D alone, where Q is a network of its own."""

    def __init__(self, trunk: nn.Module, real: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.real = real

    def realness(self, features: Tensor) -> Tensor:
        """Features (n, ...) of the trunk -> logits (n,) of being real."""
        logits: Tensor = self.real(features)
        return logits.squeeze(1)


class Discriminator(Encoder):
    """D and Q on one trunk; ``forward`` is Q, so that it can be exported as an :class:`Encoder`."""

    def __init__(self, trunk: nn.Module, real: nn.Module, codes: nn.Module) -> None:
        super().__init__(trunk, codes)
        self.real = real

    def realness(self, features: Tensor) -> Tensor:
        """As :meth:`LoneDiscriminator.realness`."""
        logits: Tensor = self.real(features)
        return logits.squeeze(1)


class GaussianEncoder(nn.Module):
    """Q apart from D: images (n, C, H, W) -> codes (n, K) in [-1, 1], by way of a Gaussian posterior."""

    def __init__(self, trunk: nn.Module, posterior: nn.Sequential) -> None:
        super().__init__()
        self.trunk = trunk
        self.posterior = posterior
        self.codes = UniformMean()

    def gaussian(self, images: Tensor) -> Tensor:
        """Means and log-variances (n, 2K) of the normal numbers whose distribution function the codes are."""
        outputs: Tensor = self.posterior[-1](self.hidden(images))
        return outputs

    def hidden(self, images: Tensor) -> Tensor:
        """What the last layer makes them of: (n, features)."""
        features: Tensor = self.posterior[:-1](self.trunk(images))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        codes: Tensor = self.codes(self.gaussian(images))
        return codes

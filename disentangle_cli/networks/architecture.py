"""What an architecture provides."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.autoencoder import glorot
from disentangle_cli.networks.gan import Discriminator, LoneDiscriminator, Norm
from disentangle_cli.registry import Registry


class Architecture(ABC):
    """A family of networks that belong together; subclasses override what they have.

    ``channels`` and ``size`` are those of the (square) images, ``latent_dim`` is L, ``num_codes`` K.
    Parameters of an architecture (widths, ...) are keyword arguments of its constructor, JSON types.
    """

    sizes: tuple[int, ...] = ()
    """Image sides this architecture can make; empty: any."""

    differs: str | None = None
    """What sets it apart from the published networks of the models trained with it, in a few words."""

    @abstractmethod
    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) latents -> (n, C, H, W); logits or values in [0, 1], as the model's config says."""

    @abstractmethod
    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, H, W) images in [0, 1] -> (n, outputs)."""

    def makes(self, height: int, width: int) -> bool:
        """Whether there are networks for images of a size."""
        return height == width and (not self.sizes or height in self.sizes)

    def initialise(self, net: nn.Module, rng: torch.Generator) -> None:
        """Draw the weights of an autoencoder's network: Glorot uniform where not overridden."""
        glorot(net, rng)


class GanArchitecture(Architecture):
    """An architecture that can also be trained as a GAN."""

    @abstractmethod
    def discriminator(self, num_codes: int, channels: int, size: int) -> Discriminator | LoneDiscriminator:
        """D with Q, or D alone where :meth:`encoder` gives a Q apart, a ``GaussianEncoder``.

        D with Q has, without the ``real`` head, the layers of :meth:`encoder` plus spectral norm.
        """

    @abstractmethod
    def contrastive(self, num_codes: int, channels: int, size: int, norm: Norm) -> nn.Module:
        """H: (n, 2C, H, W) pairs stacked on channels -> (n, K) logits."""


def in_words(sizes: Iterable[int]) -> str:
    """Sides of images for a message: ``28x28, 32x32 or 64x64``; none at all stand for any."""
    *others, last = [f"{size}x{size}" for size in sorted(set(sizes))] or ["square images"]
    return f"{', '.join(others)} or {last}" if others else last


ARCHITECTURES: Registry[type[Architecture]] = Registry("disentangle_cli.architectures", "architecture")


def make_architecture(name: str, options: dict[str, Any]) -> Architecture:
    """The architecture of a name with its options.

    Raises:
        UsageError: there is no such architecture, or it does not take these options or their values.
    """
    try:
        return ARCHITECTURES.get(name)(**options)
    except TypeError:
        raise UsageError(f"architecture {name} does not take options {sorted(map(str, options))}") from None

"""Fully connected networks with ReLU, for small images, tests and hand-made checkpoints."""

import itertools
import math

from torch import nn

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture

MAX_WIDTH = 100_000
MAX_LAYERS = 100


def _layers(widths: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]  # the last layer is linear


@ARCHITECTURES.register("mlp")
class Mlp(Architecture):
    """``hidden`` widths between input and output, mirrored in the generator.

    State dict keys are those of ``nn.Sequential``: in the generator ``0, 2, 4, ...`` with (outputs, inputs)
    weights, in the encoder the same shifted by one, since its layer 0 flattens the image.
    """

    def __init__(self, hidden: list[int] | None = None) -> None:
        self.hidden = [256] if hidden is None else hidden
        listed = isinstance(self.hidden, list) and len(self.hidden) <= MAX_LAYERS
        if not listed or not all(type(w) is int and 0 < w <= MAX_WIDTH for w in self.hidden):
            raise UsageError(
                f"architecture mlp: hidden must be a list of integers from 1 to {MAX_WIDTH}, "
                f"at most {MAX_LAYERS}"
            )

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, size, size) logits."""
        shape = (channels, size, size)
        widths = [latent_dim, *reversed(self.hidden), math.prod(shape)]
        return nn.Sequential(*_layers(widths), nn.Unflatten(1, shape))

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, size, size) -> (n, outputs)."""
        return nn.Sequential(nn.Flatten(), *_layers([channels * size * size, *self.hidden, outputs]))

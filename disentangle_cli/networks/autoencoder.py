"""What the autoencoder architectures share: initialisation and the layer that gives an encoder's outputs."""

import itertools

import torch
from torch import Tensor, nn

from disentangle_cli.networks.layers import Linear, TransposedConv
from disentangle_cli.networks.stages import features, inward, smallest


class Head(Linear):
    """A last linear layer, computed in the type of its weights also under autocast.

    Bfloat16 keeps three digits: too few for a posterior mean whose standard deviation is a hundredth of it.
    """

    def freeze(self, dtype: torch.dtype | None) -> None:
        """Keep the type of the weights here, too."""
        super().freeze(None)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) -> (n, outputs)."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


def he(net: nn.Module, rng: torch.Generator) -> None:
    """Draw all weights from N(0, 2 / fan in), zero bias (He et al. 2015)."""
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                transposed = isinstance(layer, nn.ConvTranspose2d)
                fan_in = (layer.weight[:, 0] if transposed else layer.weight[0]).numel()
                nn.init.normal_(layer.weight, std=(2 / fan_in) ** 0.5, generator=rng)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)


def relu_decoder(latent_dim: int, hidden: int, channels: int, size: int) -> nn.Sequential:
    """(n, L) -> (n, C, size, size) logits, by way of ``hidden`` units."""
    side = smallest(size)
    layers: list[nn.Module] = [
        Linear(latent_dim, hidden), nn.ReLU(),
        Linear(hidden, features(size)), nn.ReLU(), nn.Unflatten(1, (64, side, side)),
    ]  # fmt: skip
    widths = inward(size)[::-1]
    for inputs, outputs in itertools.pairwise(widths):
        layers += [TransposedConv(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, TransposedConv(widths[-1], channels))


def glorot(net: nn.Module, rng: torch.Generator) -> None:
    """Draw all weights uniformly on +-sqrt(6 / (fan in + fan out)), zero bias (Glorot and Bengio 2010)."""
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(layer.weight, generator=rng)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

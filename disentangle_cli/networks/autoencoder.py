"""What the autoencoder architectures share: initialisation and the layer that gives an encoder's outputs."""

import torch
from torch import Tensor, nn

from disentangle_cli.networks.layers import Linear, TransposedConv


class Head(Linear):
    """A last linear layer, computed in the type of its weights also under autocast.

    Bfloat16 keeps three digits: too few for a posterior mean whose standard deviation is a hundredth of it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) -> (n, outputs)."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


def relu_decoder(latent_dim: int, hidden: int, channels: int) -> nn.Sequential:
    """(n, L) -> (n, C, 64, 64) logits, by way of ``hidden`` units."""
    return nn.Sequential(
        Linear(latent_dim, hidden), nn.ReLU(),
        Linear(hidden, 1024), nn.ReLU(), nn.Unflatten(1, (64, 4, 4)),
        TransposedConv(64, 64), nn.ReLU(),  # 8x8
        TransposedConv(64, 32), nn.ReLU(),  # 16x16
        TransposedConv(32, 32), nn.ReLU(),  # 32x32
        TransposedConv(32, channels),
    )  # fmt: skip


def glorot(net: nn.Module, rng: torch.Generator) -> None:
    """Draw all weights uniformly on +-sqrt(6 / (fan in + fan out)), zero bias (Glorot and Bengio 2010)."""
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(layer.weight, generator=rng)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

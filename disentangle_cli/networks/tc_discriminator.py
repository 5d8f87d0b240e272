"""FactorVAE's judge of dependence between latents (Kim and Mnih 2018, appendix B)."""

import itertools

from torch import nn

from disentangle_cli.networks.autoencoder import Head
from disentangle_cli.networks.layers import leaky


def tc_discriminator(latent_dim: int, hidden: int, width: int = 1000) -> nn.Sequential:
    """(n, L) latents -> (n, 2) logits: 0 for a draw from the joint, 1 for one with permuted columns.

    ``hidden`` layers of ``width`` units with leaky ReLU, then a linear layer. 4,017,002 parameters for
    L = 10 and 5 layers of 1,000 units.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise([latent_dim, *[width] * hidden]):
        layers += [nn.Linear(inputs, outputs), leaky()]
    return nn.Sequential(*layers, Head(width, 2))

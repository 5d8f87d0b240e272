"""Gaussian posteriors: their divergence from the prior, and what they say of codes that are uniform."""

import math

import torch
from torch import Tensor, nn

LEAST_LOGVAR, MOST_LOGVAR = -10.0, 4.0
"""Log-variances outside are taken as these: a code is then surely a point, or surely nothing."""


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats of each code, averaged over the batch: (B, K) -> (K,)."""
    return (mean.square() + logvar.exp() - logvar - 1).mean(0) / 2


def split(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Encoder outputs (B, 2K) -> means and log-variances, (B, K) each."""
    mean, logvar = outputs.chunk(2, dim=1)
    return mean, logvar.clamp(LEAST_LOGVAR, MOST_LOGVAR)


def uniform(normal: Tensor) -> Tensor:
    """Standard normal numbers -> uniform ones on [-1, 1], elementwise: 2 Phi(z) - 1."""
    return torch.erf(normal / math.sqrt(2))


class UniformMean(nn.Module):
    """The mean of 2 Phi(z) - 1 for z from a Gaussian: 2 Phi(mean / sqrt(1 + variance)) - 1."""

    def forward(self, outputs: Tensor) -> Tensor:
        """(n, 2K), means and log-variances -> (n, K) in [-1, 1]."""
        mean, logvar = split(outputs)
        return uniform(mean / (1 + logvar.exp()).sqrt())

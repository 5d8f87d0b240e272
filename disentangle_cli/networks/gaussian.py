"""Gaussian posteriors: their divergence from the prior, and what they say of codes that are uniform."""

import math

import torch
from torch import Tensor, nn

LEAST_LOGVAR, MOST_LOGVAR = -10.0, 4.0
"""Log-variances outside are taken as these: a code is then surely a point, or surely nothing."""


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats of each code, averaged over the batch: (B, K) -> (K,)."""
    return (mean.square() + logvar.exp() - logvar - 1).mean(0) / 2


def total_correlation(sample: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Total correlation in nats of samples (B, K) under the mixture of the batch's posteriors (B, K).

    mean over j of log m(z_j) - sum_l log m_l(z_jl), with m the equal mixture of the B posteriors and m_l its
    marginals (Chen et al., NeurIPS 2018, section 4.1). The published estimator weights by the size of the data
    set instead of B, which adds a constant and changes no gradient.
    """
    spread = sample[:, None] - mean  # (B samples, B components, K)
    log_density = -(spread.square() / logvar.exp() + logvar + math.log(2 * math.pi)) / 2
    size = math.log(len(mean))
    joint = log_density.sum(2).logsumexp(1) - size  # (B,)
    marginals = log_density.logsumexp(1) - size  # (B, K)
    return (joint - marginals.sum(1)).mean()


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

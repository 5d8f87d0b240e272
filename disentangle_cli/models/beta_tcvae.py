"""beta-TCVAE: a heavier total correlation (Chen et al., NeurIPS 2018, equation 4 with alpha = gamma = 1).

    L = reconstruction + KL + (beta - 1) TC(q(z))

The densities q(z) and q(z_l) are estimated from the batch (their section 4.1, "minibatch weighted").
"""

import math
from typing import ClassVar

from pydantic import Field
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig


class BetaTcVaeConfig(VaeConfig):
    """Configuration of a beta-TCVAE's run."""

    beta: float = Field(default=6.0, ge=0)
    """Weight of the total correlation in the KL term's decomposition; the study sweeps 1, 2, 4, 6, 8, 10."""


@MODELS.register("beta-tcvae")
class BetaTcVae(Vae[BetaTcVaeConfig]):
    """A VAE with a heavier total correlation."""

    Config: ClassVar[type[TrainConfig]] = BetaTcVaeConfig

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: None) -> Penalty:
        """KL and the surplus weight of the total correlation that it contains."""
        tc = total_correlation(posterior)
        return Penalty(kl + (self.config.beta - 1) * tc, {"tc": tc})


def total_correlation(posterior: Posterior) -> Tensor:
    """Total correlation in nats of the samples under the mixture of the batch's posteriors.

    mean over j of log m(z_j) - sum_l log m_l(z_jl), with m the equal mixture of the B posteriors and m_l its
    marginals. The published estimator weights by the size of the data set instead of B, which adds a
    constant and changes no gradient.
    """
    spread = posterior.sample[:, None] - posterior.mean  # (B samples, B components, K)
    log_density = -(spread.square() / posterior.logvar.exp() + posterior.logvar + math.log(2 * math.pi)) / 2
    size = math.log(len(posterior.mean))
    joint = log_density.sum(2).logsumexp(1) - size  # (B,)
    marginals = log_density.logsumexp(1) - size  # (B, K)
    return (joint - marginals.sum(1)).mean()

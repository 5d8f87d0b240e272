"""beta-TCVAE: a heavier total correlation (Chen et al., NeurIPS 2018, equation 4 with alpha = gamma = 1).

    L = reconstruction + KL + (beta - 1) TC(q(z))

The densities q(z) and q(z_l) are estimated from the batch (their section 4.1, "minibatch weighted").
"""

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig
from disentangle_cli.networks.gaussian import total_correlation


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
        tc = total_correlation(posterior.sample, posterior.mean, posterior.logvar)
        return Penalty(kl + (self.config.beta - 1) * tc, {"tc": tc})


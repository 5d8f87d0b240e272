"""beta-VAE: a heavier KL term (Higgins et al., ICLR 2017, equation 4).

L = reconstruction + beta KL
"""

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig


class BetaVaeConfig(VaeConfig):
    """Configuration of a beta-VAE's run."""

    beta: float = Field(default=4.0, ge=0)
    """Weight of the KL term; the study sweeps 1, 2, 4, 6, 8, 16."""


@MODELS.register("beta-vae")
class BetaVae(Vae[BetaVaeConfig]):
    """A VAE with a heavier KL term."""

    Config: ClassVar[type[TrainConfig]] = BetaVaeConfig

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: None) -> Penalty:
        """Beta times the KL term."""
        return Penalty(self.config.beta * kl, {})

"""DIP-VAE-II: decorrelated posterior samples (Kumar, Sattigeri and Balakrishnan, ICLR 2018, equation 7).

The loss is that of DIP-VAE-I with the covariance of z itself. By the law of total covariance it is that of
the means plus the mean of the posteriors' covariances, a diagonal matrix:

    C = Cov(mean) + mean over the batch of diag(exp(logvar))
"""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.dip_vae_i import DipVaeConfig, DipVaeI, covariance
from disentangle_cli.models.vae import Posterior


class DipVaeIIConfig(DipVaeConfig):
    """Configuration of a DIP-VAE-II's run."""

    diagonal_factor: float = Field(default=1.0, ge=0)
    """lambda_d as a multiple of lambda_od."""


@MODELS.register("dip-vae-ii")
class DipVaeII(DipVaeI[DipVaeIIConfig]):
    """A VAE whose aggregate posterior is decorrelated."""

    Config: ClassVar[type[TrainConfig]] = DipVaeIIConfig

    def covariance(self, posterior: Posterior) -> Tensor:
        """C: (K, K)."""
        return covariance(posterior.mean) + torch.diag(posterior.logvar.exp().mean(0))

"""DIP-VAE-I: decorrelated posterior means (Kumar, Sattigeri and Balakrishnan, ICLR 2018, equation 6).

    L = reconstruction + KL + lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2

C is the covariance over the batch of the posterior means.
"""

from typing import ClassVar, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig


class DipVaeConfig(VaeConfig):
    """Configuration of a DIP-VAE's run."""

    off_diagonal: float = Field(default=10.0, ge=0)
    """lambda_od, the weight of the covariances; the study sweeps 1, 2, 5, 10, 20, 50."""
    diagonal_factor: float = Field(default=10.0, ge=0)
    """lambda_d as a multiple of lambda_od; 10 for DIP-VAE-I and 1 for DIP-VAE-II in the study."""


D = TypeVar("D", bound=DipVaeConfig)


@MODELS.register("dip-vae-i")
class DipVaeI(Vae[D]):
    """A VAE whose posterior means are decorrelated."""

    Config: ClassVar[type[TrainConfig]] = DipVaeConfig

    def covariance(self, posterior: Posterior) -> Tensor:
        """C: (K, K)."""
        return covariance(posterior.mean)

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: None) -> Penalty:
        """KL and the distance of C from the identity."""
        off_diagonal, diagonal = distance_from_identity(self.covariance(posterior))
        weight = self.config.off_diagonal
        penalty = weight * off_diagonal + weight * self.config.diagonal_factor * diagonal
        return Penalty(kl + penalty, {"dip/off_diagonal": off_diagonal, "dip/diagonal": diagonal})


def covariance(x: Tensor) -> Tensor:
    """Covariance of the columns of x (B, K), divided by B: (K, K)."""
    centred = x - x.mean(0)
    return centred.T @ centred / len(x)


def distance_from_identity(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Squared off-diagonal entries, summed, and squared distance of the diagonal from 1, summed."""
    diagonal = matrix.diagonal()
    off_diagonal = matrix - torch.diag(diagonal)
    return off_diagonal.square().sum(), (diagonal - 1).square().sum()

"""AnnealedVAE: a KL term held at a capacity that grows (Burgess et al. 2018, equation 8).

    L = reconstruction + gamma |KL - C(t)|,   C(t) = min(c_max, c_max t / T)

t counts iterations from 0, T is the length of the ramp, c_max its end.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from disentangle_cli.config import Milestone, Ramp, TrainConfig
from disentangle_cli.fields import Unit
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig


class AnnealedVaeConfig(VaeConfig):
    """Configuration of an AnnealedVAE's run."""

    gamma: float = Field(default=1000.0, ge=0)
    """How tightly the KL term is held."""
    capacity: Annotated[Ramp, Unit("nats")] = Ramp(end=25.0, over=100_000)
    """C, the information that passes; the study sweeps its end over 5, 10, 25, 50, 75, 100."""


@dataclass(frozen=True)
class Capacity:
    """C of an iteration."""

    nats: float


@MODELS.register("annealed-vae")
class AnnealedVae(Vae[AnnealedVaeConfig]):
    """A VAE whose KL term follows a capacity."""

    Config: ClassVar[type[TrainConfig]] = AnnealedVaeConfig

    @classmethod
    def milestones(cls, config: AnnealedVaeConfig) -> list[Milestone]:
        """Where the capacity has grown."""
        return [Milestone(config.capacity.over, "capacity is full")]

    def prepare(self, iteration: int) -> Capacity:
        """The capacity too: iterations differ until it has grown."""
        super().prepare(iteration)
        return Capacity(self.config.capacity.at(iteration))

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: Capacity) -> Penalty:
        """Gamma times the distance of the KL term from the capacity."""
        distance = (kl - schedule.nats).abs()
        return Penalty(self.config.gamma * distance, {"capacity": torch.tensor(schedule.nats)})

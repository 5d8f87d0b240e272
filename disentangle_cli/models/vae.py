"""VAE: the variational autoencoder (Kingma and Welling 2014; Rezende, Mohamed and Wierstra 2014).

The encoder gives a Gaussian posterior q(z|x) = N(mean, diag(exp(logvar))), the prior is N(0, 1):

    L = reconstruction + KL,   KL = mean over the batch of sum_j (mean_j^2 + exp(logvar_j) - logvar_j - 1) / 2

Models that derive from this one replace :meth:`Vae.regulariser`.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import torch
from pydantic import model_validator
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.autoencoder import Autoencoder, AutoencoderConfig, Penalty
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.networks.gaussian import kl_divergence


@dataclass(frozen=True)
class Posterior:
    """q(z|x) of a batch: ``mean``, ``logvar`` and one ``sample`` per image, (B, K) each."""

    mean: Tensor
    logvar: Tensor
    sample: Tensor


class VaeConfig(AutoencoderConfig):
    """Configuration of a VAE's run."""

    @model_validator(mode="after")
    def _standard_normal(self) -> "VaeConfig":
        codes = self.latents.codes
        if codes.kind != "normal" or (codes.mean, codes.std) != (0.0, 1.0):
            raise UsageError("latents.codes: the codes of a VAE are of kind normal with mean 0 and std 1")
        return self


V = TypeVar("V", bound=VaeConfig)


@MODELS.register("vae")
class Vae(Autoencoder[V]):
    """Encoder and decoder in training."""

    Config: ClassVar[type[TrainConfig]] = VaeConfig
    outputs_per_code = 2

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: Any) -> Penalty:
        """The model's own term; ``kl`` is the KL term, summed over codes."""
        return Penalty(kl, {})

    def bottleneck(self, encoded: Tensor, schedule: Any, engine: Engine) -> tuple[Tensor, Penalty]:
        """One posterior sample per image, and the regulariser."""
        posterior = self.posterior(encoded, engine)
        per_code = kl_divergence(posterior.mean, posterior.logvar)
        penalty = self.regulariser(posterior, per_code.sum(), schedule)
        details = {f"kl/{name}": value for name, value in zip(self.latents.names, per_code, strict=True)}
        return posterior.sample, replace(penalty, scalars={"kl": per_code.sum()} | penalty.scalars | details)

    def posterior(self, encoded: Tensor, engine: Engine) -> Posterior:
        """Encoder outputs (B, 2K), means first, with fresh samples mean + std * N(0, 1)."""
        mean, logvar = encoded.chunk(2, dim=1)
        shape = mean.shape
        (noise,) = engine.random(lambda rng: (torch.randn(shape, generator=rng),))
        return Posterior(mean, logvar, mean + (logvar / 2).exp() * noise)

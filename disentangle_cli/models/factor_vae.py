"""FactorVAE: total correlation estimated by a discriminator (Kim and Mnih, ICML 2018, equations 2 and 3).

    L   = reconstruction + KL + gamma mean[logit_0(z) - logit_1(z)]
    L_D = -(mean log p_0(z) + mean log p_1(z')) / 2,   p = softmax(logits)

A discriminator D tells samples z of the aggregate posterior from z' whose columns are permuted
independently over the same batch; its logit difference estimates log q(z) / prod_l q(z_l). (Kim and Mnih
permute a second batch; the study of Locatello et al. and the InfoGAN-CR authors permute the first, as here.)
The published codes guard log p by clipping p at 1e-6 or adding 1e-8; a log-softmax needs neither.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from disentangle_cli.bounds import DEPTH, WIDTH
from disentangle_cli.config import TrainConfig
from disentangle_cli.fields import Unit
from disentangle_cli.modelling.adam import adam
from disentangle_cli.modelling.autoencoder import Penalty
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS, upcast
from disentangle_cli.models.vae import Posterior, Vae, VaeConfig
from disentangle_cli.networks.tc_discriminator import tc_discriminator
from disentangle_cli.settings import Strict


class DiscriminatorConfig(Strict):
    """The discriminator and its Adam."""

    hidden: Annotated[int, DEPTH, Unit("layers")] = Field(default=6, ge=1)
    """Hidden layers."""
    width: Annotated[int, WIDTH, Unit("units")] = Field(default=1000, ge=1)
    """Units of a hidden layer."""
    rate: float = Field(default=1e-4, gt=0)
    """Learning rate."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Decay of the running mean of gradients."""
    beta2: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of their squares."""
    fresh: bool = False
    """Encode the batch anew, with the updated encoder, for the discriminator's step (the InfoGAN-CR
    authors' code) instead of reusing the samples of the encoder's step."""


class FactorVaeConfig(VaeConfig):
    """Configuration of a FactorVAE's run."""

    gamma: float = Field(default=20.0, ge=0)
    """Weight of the total correlation; the study sweeps 10, 20, 30, 40, 50, 100."""
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    """Discriminator."""


@dataclass(frozen=True)
class Judged(Penalty):
    """With the samples z (B, K) of the step, and D's logits (B, 2) for them, which D's own step reuses."""

    z: Tensor
    logits: Tensor


@MODELS.register("factor-vae")
class FactorVae(Vae[FactorVaeConfig]):
    """A VAE with a discriminator on its latents."""

    Config: ClassVar[type[TrainConfig]] = FactorVaeConfig

    def add_players(self) -> None:
        """Add D."""
        settings = self.config.discriminator
        self.discriminator = tc_discriminator(self.latents.dim, settings.hidden, settings.width)
        self.players["discriminator"] = self.discriminator

    def add_optimisers(self) -> None:
        """Add D's Adam."""
        settings = self.config.discriminator
        betas = (settings.beta1, settings.beta2)
        self.optimisers["discriminator"] = adam(self.discriminator.parameters(), settings.rate, betas)

    def regulariser(self, posterior: Posterior, kl: Tensor, schedule: None) -> Judged:
        """KL and gamma times the total correlation as D sees it.

        D's pass starts at a detached copy of z, so that D's own step can reuse it and can never reach the
        encoder. The gradient of the total correlation is handed over to z by a term of value 0.
        """
        z = posterior.sample.detach().requires_grad_()
        logits = self.judge(z)
        tc = (logits[:, 0] - logits[:, 1]).mean()
        (gradient,) = torch.autograd.grad(tc, z, retain_graph=True)
        bridge = ((posterior.sample - z.detach()) * gradient).sum()
        return Judged(kl + self.config.gamma * (tc.detach() + bridge), {"tc": tc}, z.detach(), logits)

    def end(self, images: Tensor, penalty: Judged, engine: Engine) -> dict[str, Tensor]:
        """One Adam step of D."""
        z, logits = penalty.z, penalty.logits
        if self.config.discriminator.fresh:
            with torch.no_grad():
                z = self.posterior(self.encode(images), engine).sample
            logits = self.judge(z)
        shape = z.shape
        (order,) = engine.random(lambda rng: (column_orders(shape, rng),))
        permuted = self.judge(z.gather(0, order))
        right = logits.log_softmax(1)[:, 0].mean() + permuted.log_softmax(1)[:, 1].mean()
        loss = -right / 2
        engine.update("discriminator", loss)
        correct = torch.cat([logits[:, 0] > logits[:, 1], permuted[:, 0] < permuted[:, 1]])
        return {"discriminator/loss": loss, "discriminator/accuracy": correct.float().mean()}

    def judge(self, z: Tensor) -> Tensor:
        """D's logits: (B, K) -> (B, 2)."""
        with self.autocast():
            return upcast(self.discriminator(z))


def column_orders(shape: torch.Size, rng: torch.Generator) -> Tensor:
    """For each column of (B, K) a permutation of its own: each marginal stays, all dependence goes."""
    return torch.rand(shape, generator=rng).argsort(0)

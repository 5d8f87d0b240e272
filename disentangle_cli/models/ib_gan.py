"""IB-GAN: InfoGAN with an information bottleneck inside the generator (Jeon et al., AAAI 2021).

The generator's input z ~ N(0, 1) passes a stochastic layer, r ~ e(r|z) = N(mean(z), exp(logvar(z))), before
it becomes an image. Q recovers z from the image, which bounds the information from below; the KL of e(r|z)
from N(0, 1) bounds it from above. G and e minimise

    -log D(G(r)) + w mean sum_i (z_i - Q_i(G(r)))^2 / 2 + beta KL(e(r|z) || N(0, 1))

The latents of the trained model are r, with prior N(0, 1); its encoder is the mean of e at Q's estimate.
Objective, sizes of z, r and e, and beta are those of the authors' code; networks, spectral norm, Q on D's
trunk and Adam are those of ``infogan`` (the authors have batch norm, instance noise and RMSProp).
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from disentangle_cli.architectures.ib_gan import INPUTS, Embedding
from disentangle_cli.config import AUTO, TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS, upcast
from disentangle_cli.models.infogan import Fake, InfoGan, InfoGanConfig
from disentangle_cli.networks.adopting import adopt
from disentangle_cli.networks.gaussian import kl_divergence

NETWORKS = ("ib-gan-64", "ib-gan")


class IbGanConfig(InfoGanConfig):
    """Configuration of an IB-GAN run."""

    beta: float = Field(default=0.141, ge=0)
    """Weight of the KL term."""

    @model_validator(mode="after")
    def _standard_normal(self) -> "IbGanConfig":
        codes = self.latents.codes
        if codes.kind != "normal" or (codes.mean, codes.std) != (0.0, 1.0) or self.latents.noise is not None:
            raise UsageError("latents: ib-gan has codes of kind normal with mean 0 and std 1, and no noise")
        if self.architecture not in (AUTO, *NETWORKS):
            raise UsageError(f"architecture: ib-gan is made for {' and '.join(NETWORKS)}")
        return self


@dataclass(frozen=True)
class Compressed(Fake):
    """With the KL term () of the pass."""

    kl: Tensor


@MODELS.register("ib-gan")
class IbGan(InfoGan[IbGanConfig]):
    """G with its stochastic layer, D and Q in training."""

    Config: ClassVar[type[TrainConfig]] = IbGanConfig
    architectures = NETWORKS
    gpu_preset = ""
    stackable = False  # never compared with lone runs

    def count_codes(self) -> int:
        """Q recovers z."""
        return INPUTS

    def codes_of(self, latents: Tensor) -> Tensor:
        """All of z (B, 16)."""
        return latents

    def add_players(self) -> None:
        """The stochastic layer belongs to the player G."""
        self.embedding = Embedding(self.latents.dim)
        parts = {"images": self.generator, "embedding": self.embedding}
        self.players["generator"] = nn.ModuleDict(parts)

    def draw(self, n: int, engine: Engine) -> Tensor:
        """The input z (n, 16) from N(0, 1)."""
        return engine.random(lambda rng: (torch.randn(n, INPUTS, generator=rng),))[0]

    def fake(self, latents: Tensor, counted: int, engine: Engine) -> Compressed:
        """Z (n, 16) -> r ~ e(r|z) -> images."""
        mean, logvar, kl = engine.evaluate(self.embed, latents)
        shape = mean.shape
        (noise,) = engine.random(lambda rng: (torch.randn(shape, generator=rng),))
        generate = partial(self.generate_from, counted=counted)
        return Compressed(engine.evaluate(generate, mean, logvar, noise), kl)

    def embed(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Z (n, 16) -> mean and log-variance of e(r|z), (n, L) each, and its KL term ()."""
        with self.autocast():
            mean, logvar = (upcast(part) for part in self.embedding(latents))
        return mean, logvar, kl_divergence(mean, logvar).sum()

    def generate_from(self, mean: Tensor, logvar: Tensor, noise: Tensor, counted: int) -> Tensor:
        """Images of a sample of e(r|z); all but the count (n, L)."""
        return self.generate(mean + (logvar / 2).exp() * noise, counted)

    def generator_term(
        self, fake: Compressed, begun: None, again: bool, engine: Engine
    ) -> tuple[Tensor | float, dict[str, Tensor]]:
        """Beta times the KL of the pass that made this step's images."""
        return self.config.beta * fake.kl, {"g/kl": fake.kl}

    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """G from r, and an encoder of Q and the stochastic layer."""
        generator, reconstructor = super().weights()
        encoder = {f"reconstructor.{key}": value for key, value in reconstructor.items()}
        encoder |= _part(generator, "embedding", keep=True)
        return _part(generator, "images", keep=False), encoder

    def load_weights(self, generator: dict[str, Tensor], encoder: dict[str, Tensor]) -> None:
        """G, the stochastic layer, and what D shares with Q."""
        adopt(self.generator, generator)
        adopt(self.embedding, _part(encoder, "embedding", keep=False))
        adopt(self.discriminator, _part(encoder, "reconstructor", keep=False), fresh=("real",))
        self.averages_follow()


def _part(state: dict[str, Tensor], name: str, keep: bool) -> dict[str, Tensor]:
    """The entries of ``state`` under ``name``, with that name in front or (``keep`` false) without."""
    prefix = f"{name}."
    return {
        key if keep else key.removeprefix(prefix): v for key, v in state.items() if key.startswith(prefix)
    }

"""What all autoencoders share: an encoder, a decoder, one optimiser and the reconstruction loss.

With p = sigmoid(decoder(z)), the loss of a batch of images x is

    L = mean over the batch of sum over pixels of -[x log p + (1 - x) log(1 - p)]  +  penalty

The bottleneck, from the encoder's outputs to the latents z and the penalty, is what the models differ in.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.adam import adam, decay_rates
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import Trainable, upcast
from disentangle_cli.networks.adopting import adopt
from disentangle_cli.networks.architecture import GanArchitecture
from disentangle_cli.settings import Strict


class AdamConfig(Strict):
    """Adam for encoder and decoder together."""

    rate: float = Field(default=1e-4, gt=0)
    """Learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the running mean of gradients."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of their squares."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled: every step shrinks all weights by rate times this (Loshchilov and Hutter 2019)."""
    decay_from: float = Field(default=1.0, ge=0, le=1)
    """Fraction of the run after which all learning rates fall linearly to zero (1: never)."""


class AutoencoderConfig(TrainConfig):
    """Configuration of an autoencoder's run."""

    optim: AdamConfig = AdamConfig()
    """Adam."""

    @model_validator(mode="after")
    def _only_codes(self) -> "AutoencoderConfig":
        if self.latents.noise is not None:
            raise UsageError("latents.noise: the latents of an autoencoder are all codes; drop the noise")
        return self


C = TypeVar("C", bound=AutoencoderConfig)


@dataclass(frozen=True)
class Penalty:
    """What is added to the reconstruction loss: ``value`` (), and scalars to log."""

    value: Tensor
    scalars: dict[str, Tensor]


class Autoencoder(Trainable[C]):
    """Encoder and decoder in training."""

    architectures = ("study-64", "study")
    any_size = "mlp"
    watched: ClassVar[dict[str, str]] = {"loss": "loss", "reconstruction": "reconstruction"}
    outputs_per_code: ClassVar[int]
    """What the encoder gives for each code: 2 (mean and log-variance) or 1."""

    def __init__(self, config: Any, *args: Any) -> None:
        super().__init__(config, *args)
        if isinstance(self.architecture, GanArchitecture):
            raise UsageError(f"architecture {config.architecture!r} cannot be trained as an autoencoder")
        channels, size, _ = self.image_shape
        outputs = self.outputs_per_code * self.latents.num_codes
        self.encoder = self.architecture.encoder(outputs, channels, size)
        self.decoder = self.architecture.generator(self.latents.dim, channels, size)
        self.players |= {"encoder": self.encoder, "decoder": self.decoder}
        self.add_players()
        for net in self.players.values():
            self.architecture.initialise(net, self.rng)
            net.to(self.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        optim = config.optim
        self.optimisers["autoencoder"] = adam(
            [*self.encoder.parameters(), *self.decoder.parameters()],
            optim.rate, (optim.beta1, optim.beta2), optim.weight_decay,
        )  # fmt: skip
        self.add_optimisers()

    # Hooks. ``schedule`` is what :meth:`prepare` returned.

    @abstractmethod
    def bottleneck(self, encoded: Tensor, schedule: Any, engine: Engine) -> tuple[Tensor, Penalty]:
        """Encoder outputs (B, K) or (B, 2K) -> latents (B, K), and the penalty."""

    def add_players(self) -> None:
        """Add further networks to ``players`` before they are initialised."""

    def add_optimisers(self) -> None:
        """Add further optimisers to ``optimisers``."""

    def end(self, images: Tensor, penalty: Any, engine: Engine) -> dict[str, Tensor]:
        """Whatever follows the step of encoder and decoder; returns scalars to log.

        ``penalty`` is that of the step: a class of its own where more than the loss is needed here.
        """
        return {}

    # The iteration.

    def prepare(self, iteration: int) -> Any:
        """Learning rates; schedules are the business of models that have some."""
        decay_rates(self.optimisers, self.config.optim.decay_from, iteration / self.config.iterations)

    def iterate(self, images: Tensor, schedule: Any, engine: Engine) -> dict[str, Tensor]:
        """One step of encoder and decoder."""
        latents, penalty = self.bottleneck(engine.evaluate(self.encode, images), schedule, engine)
        reconstruction = engine.evaluate(self.reconstruction, latents, images)
        loss = reconstruction + penalty.value
        engine.update("autoencoder", loss)
        parts = {"loss": loss, "reconstruction": reconstruction}
        return parts | penalty.scalars | self.end(images, penalty, engine)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) -> what the encoder gives, (B, K) or (B, 2K) float32."""
        with self.autocast():
            return upcast(self.encoder(images))

    def reconstruction(self, latents: Tensor, images: Tensor) -> Tensor:
        """The reconstruction loss of images (B, C, H, W) from latents (B, K)."""
        with self.autocast():
            logits = upcast(self.decoder(latents))
        return reconstruction_loss(logits, images)

    # The checkpoint.

    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Decoder and encoder as they are."""
        return self.decoder.state_dict(), self.encoder.state_dict()

    def load_weights(self, generator: dict[str, Tensor], encoder: dict[str, Tensor]) -> None:
        """Decoder and encoder of another autoencoder; what else the model has is drawn."""
        adopt(self.decoder, generator)
        adopt(self.encoder, encoder)

    def outputs(self) -> tuple[str, str]:
        """The decoder gives logits; the encoder means and log-variances, or codes."""
        return "logits", "mean-logvar" if self.outputs_per_code == 2 else "codes"


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Bernoulli cross-entropy with logits, both (B, C, H, W): summed over pixels, averaged over images."""
    return F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)

"""What all autoencoders share: an encoder, a decoder, one optimiser and the reconstruction loss.

With p = sigmoid(decoder(z)), the loss of a batch of images x is

    L = mean over the batch of sum over pixels of -[x log p + (1 - x) log(1 - p)]  +  penalty

The bottleneck, from the encoder's outputs to the latents z and the penalty, is what the models differ in.
"""

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from disentangle_cli.config import TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.adam import adam, adam_state, restore_adam, set_rate
from disentangle_cli.modelling.trainable import Trainable, upcast
from disentangle_cli.networks.architecture import GanArchitecture
from disentangle_cli.settings import Strict


class AdamConfig(Strict):
    """Adam for encoder and decoder together."""

    rate: float = Field(default=1e-4, gt=0)
    """Learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled: every step shrinks all weights by rate times this (Loshchilov and Hutter 2019)."""
    decay_from: float = Field(default=1.0, ge=0, le=1)
    """Fraction of the run after which all learning rates fall linearly to zero (1: never)."""


class AutoencoderConfig(TrainConfig):
    """Configuration of an autoencoder's run."""

    architecture: str = "study-64"
    optim: AdamConfig = AdamConfig()

    @model_validator(mode="after")
    def _only_codes(self) -> "AutoencoderConfig":
        if self.latents.noise is not None:
            raise UsageError("latents.noise: the latents of an autoencoder are all codes; drop the noise")
        return self


C = TypeVar("C", bound=AutoencoderConfig)


class Autoencoder(Trainable[C]):
    """Encoder and decoder in training."""

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
        self.networks: dict[str, nn.Module] = {"encoder": self.encoder, "decoder": self.decoder}
        self.add_networks()
        for net in self.networks.values():
            self.architecture.initialise(net, self.rng)
            net.to(self.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        optim = config.optim
        self.optimisers = {
            "autoencoder": adam(
                [*self.encoder.parameters(), *self.decoder.parameters()],
                optim.rate, (optim.beta1, optim.beta2), optim.weight_decay,
            )
        }  # fmt: skip
        self.add_optimisers()
        self._rates = {name: float(o.param_groups[0]["lr"]) for name, o in self.optimisers.items()}

    # Hooks.

    @abstractmethod
    def bottleneck(self, encoded: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Encoder outputs (B, K) or (B, 2K) -> latents (B, K), penalty (), and scalars to log."""

    def add_networks(self) -> None:
        """Add further networks to ``networks`` before they are initialised."""

    def add_optimisers(self) -> None:
        """Add further optimisers to ``optimisers``."""

    def end(self, images: Tensor) -> dict[str, Tensor]:
        """Whatever happens after the step of encoder and decoder; returns scalars to log."""
        return {}

    # The iteration.

    def prepare(self, iteration: int) -> Hashable:
        """Learning rates."""
        self.set_learning_rates(iteration)
        return None

    def iterate(self, images: Tensor) -> dict[str, Tensor]:
        """One step of encoder and decoder."""
        latents, penalty, scalars = self.bottleneck(self.compiled(self.encode)(images))
        reconstruction = self.compiled(self.reconstruction)(latents, images)
        loss = reconstruction + penalty
        self.update("autoencoder", loss)
        return {"loss": loss, "reconstruction": reconstruction} | scalars | self.end(images)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) -> what the encoder gives, (B, K) or (B, 2K) float32."""
        with self.autocast():
            return upcast(self.encoder(images))

    def reconstruction(self, latents: Tensor, images: Tensor) -> Tensor:
        """The reconstruction loss of images (B, C, H, W) from latents (B, K)."""
        with self.autocast():
            logits = upcast(self.decoder(latents))
        return reconstruction_loss(logits, images)

    def update(self, optimiser: str, loss: Tensor) -> None:
        """One step down the gradient of ``loss``."""
        self.optimisers[optimiser].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[optimiser].step()

    def set_learning_rates(self, iteration: int) -> None:
        """Apply the linear decay; a no-op when there is none."""
        start = self.config.optim.decay_from
        if start >= 1:
            return
        left = min(1.0, (1 - iteration / self.config.iterations) / (1 - start))
        for name, optimiser in self.optimisers.items():
            set_rate(optimiser, self._rates[name] * left)

    # State.

    def state(self) -> dict[str, Any]:
        """See :meth:`Trainable.state`."""
        return {
            "networks": {name: net.state_dict() for name, net in self.networks.items()},
            "optimisers": {name: adam_state(optimiser) for name, optimiser in self.optimisers.items()},
            "rng": self.rng.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """See :meth:`Trainable.restore`."""
        for name, net in self.networks.items():
            net.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            restore_adam(optimiser, state["optimisers"][name])
        self.rng.set_state(state["rng"])

    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Decoder and encoder as they are."""
        return self.decoder.state_dict(), self.encoder.state_dict()

    def outputs(self) -> tuple[str, str]:
        """The decoder gives logits; the encoder means and log-variances, or codes."""
        return "logits", "mean-logvar" if self.outputs_per_code == 2 else "codes"


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Bernoulli cross-entropy with logits, both (B, C, H, W): summed over pixels, averaged over images."""
    return F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)

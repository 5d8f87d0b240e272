"""A trained model built from a checkpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from disentangle_cli.architectures import Architecture, make_architecture
from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.devices import keep_freed_memory
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.model import Model
from disentangle_cli.networks.architecture import GanArchitecture

CHUNK = 512
CPU_CHUNK = 64
"""Rows at a time: on a CPU, activations of more rows fall out of its caches."""


class LoadedModel(Model):
    """A model made of a generator and an encoder network; numpy arrays go in as well as tensors.

    ``metrics`` come from the checkpoint, if any; ``has_posterior``: the encoder gives means and then
    log-variances.
    """

    provenance: dict[str, Any]

    def __init__(self, checkpoint: Checkpoint, device: str | torch.device = "cpu") -> None:
        """Build the networks.

        Raises:
            UsageError: the weights do not fit the architecture, the latents or the image size.
        """
        self.checkpoint = checkpoint
        self.name = checkpoint.model
        self.config = checkpoint.config
        self.provenance = checkpoint.provenance
        self.metrics = checkpoint.metrics
        self.image_shape = checkpoint.image_shape
        self.latents = checkpoint.latents
        self.content_hash = checkpoint.content_hash()
        self.device = torch.device(device)
        keep_freed_memory()
        self._gives_logits = _choice(checkpoint.config, "generator_output", ("images", "logits")) == "logits"
        encoder_output = _choice(checkpoint.config, "encoder_output", ("codes", "mean-logvar"))
        self.has_posterior = encoder_output == "mean-logvar"
        channels, height, width = self.image_shape
        architecture = _architecture(checkpoint.config)
        if isinstance(architecture, GanArchitecture):
            self.family = "gan"
        if not architecture.makes(height, width):
            raise UsageError(f"this architecture does not make images of {height}x{width}")
        outputs = self.latents.num_codes * (2 if self.has_posterior else 1)
        with torch.device("meta"):  # nothing is allocated before the weights are known to fit
            generator = architecture.generator(self.latents.dim, channels, height)
            encoder = architecture.encoder(outputs, channels, height)
        self.generator = _fill(generator, checkpoint.generator, "generator", self.device)
        self.encoder = _fill(encoder, checkpoint.encoder, "encoder", self.device)

    @property
    def image_network(self) -> nn.Module:
        """(n, L) latents, those of grids on their values -> (n, C, H, W) images in [0, 1]."""
        return nn.Sequential(self.generator, nn.Sigmoid()) if self._gives_logits else self.generator

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw from the prior: (n, L) float32 on the model's device."""
        return self.latents.sample(n, rng).to(self.device)

    @torch.no_grad()
    def generate(self, latents: Tensor | NDArray[Any]) -> Tensor:
        """(n, L) -> (n, C, H, W) in [0, 1]; a grid latent counts as the nearest of its values.

        Raises:
            ValueError: L does not fit.
        """
        latents = torch.as_tensor(latents)
        if latents.ndim != 2 or latents.shape[1] != self.latents.dim:
            raise ValueError(f"latents must have shape (n, {self.latents.dim}), not {tuple(latents.shape)}")
        latents = self.latents.nearest(latents.to(self.device, torch.float32))
        images = _chunked(self.generator, latents, self.image_shape)
        return images.sigmoid() if self._gives_logits else images

    @torch.no_grad()
    def encode(self, images: Tensor | NDArray[Any]) -> Tensor:
        """(n, C, H, W) in [0, 1] -> (n, K). Raises ValueError when the image shape does not fit."""
        return self._encode(images)[:, : self.latents.num_codes]

    @torch.no_grad()
    def posterior(self, images: Tensor | NDArray[Any]) -> tuple[Tensor, Tensor] | None:
        """(n, C, H, W) -> mean and log-variance, (n, K) each; None for GANs."""
        if not self.has_posterior:
            return None
        mean, logvar = self._encode(images).chunk(2, dim=1)
        return mean, logvar

    def _encode(self, images: Tensor | NDArray[Any]) -> Tensor:
        images = torch.as_tensor(images)
        if images.ndim != 4 or tuple(images.shape[1:]) != self.image_shape:
            raise ValueError(f"images must have shape (n, {self.image_shape}), not {tuple(images.shape)}")
        outputs = self.latents.num_codes * (2 if self.has_posterior else 1)
        return _chunked(self.encoder, images.to(self.device, torch.float32), (outputs,))


def load_model(path: str | Path, device: str | torch.device = "cpu") -> LoadedModel:
    """Load a checkpoint as a model ready for use.

    Raises:
        UsageError: the file is no valid checkpoint, or its weights do not fit what it declares.
    """
    checkpoint = load_checkpoint(path)
    try:
        model = LoadedModel(checkpoint, device)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    model.path = str(path)
    return model


def save_model(path: str | Path, model: LoadedModel | Checkpoint) -> Path:
    """Write a loaded model, or a checkpoint put together by hand, to ``path`` atomically.

    Raises:
        RunError: the file cannot be written.
        UsageError: the checkpoint holds something the format does not allow.
    """
    return save_checkpoint(path, model.checkpoint if isinstance(model, LoadedModel) else model)


def _choice(config: dict[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = config.get(key)
    if value not in choices:
        raise UsageError(f"config {key} must be one of {', '.join(choices)}, not {value!r}")
    return str(value)


def _architecture(config: dict[str, Any]) -> Architecture:
    described = config.get("architecture")
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        raise UsageError("config architecture must be an object with a name")
    options = {key: value for key, value in described.items() if key != "name"}
    return make_architecture(described["name"], options)


def _fill(net: nn.Module, state: dict[str, Tensor], part: str, device: torch.device) -> nn.Module:
    expected, state = net.state_dict(), dict(state)
    if missing := sorted(expected.keys() - state.keys()):
        raise UsageError(f"{part} weights do not fit: {missing[0]} is missing")
    if extra := sorted(state.keys() - expected.keys()):
        raise UsageError(f"{part} weights do not fit: {extra[0]} is not part of the architecture")
    for name, wanted in expected.items():
        found = state[name]
        if found.dtype in (torch.float16, torch.bfloat16):  # in a file that is half the size
            found = state[name] = found.to(wanted.dtype)
        if found.shape != wanted.shape or found.dtype != wanted.dtype:
            raise UsageError(
                f"{part} weights do not fit the latents and image size: {name} has shape "
                f"{tuple(found.shape)} ({found.dtype}), expected {tuple(wanted.shape)} ({wanted.dtype})"
            )
    net.load_state_dict({name: tensor.to(device) for name, tensor in state.items()}, assign=True)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolutions run faster
    return net.eval().requires_grad_(False)


def _chunked(net: Callable[[Tensor], Tensor], rows: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``net`` over ``rows`` in chunks that bound memory; ``shape`` is one result's, for zero rows."""
    if not len(rows):
        return rows.new_empty((0, *shape))
    size = CPU_CHUNK if rows.device.type == "cpu" else CHUNK
    return torch.cat([net(chunk) for chunk in torch.split(rows, size)])

"""What a model offers once it is trained, wherever it comes from."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor

from disentangle_cli.latents import Latents
from disentangle_cli.modelling.origin import Origin

Family: TypeAlias = Literal["gan", "vae"]
"""``vae`` for any autoencoder."""
PROBES = 16
"""Images by which a model without a file is told from others."""


class AnyModel(Protocol):
    """The least that an object must offer to be scored, traversed or ranked.

    ``n`` is any number of rows; no method tracks gradients. :func:`as_model` makes a :class:`Model` of it.
    """

    image_shape: tuple[int, int, int]
    """(C, H, W)."""
    latents: Latents

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw from the prior: (n, L) float32."""

    def generate(self, latents: Tensor) -> Tensor:
        """(n, L) latents -> (n, C, H, W) images in [0, 1]."""

    def encode(self, images: Tensor) -> Tensor:
        """(n, C, H, W) images in [0, 1] -> (n, K) codes: the posterior mean, or the mean that Q gives."""

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """(n, C, H, W) images -> mean and log-variance, (n, K) each; None without a posterior."""


class Model(ABC):
    """All that commands and selection ask of a model; the methods are those of :class:`AnyModel`.

    Attributes:
        image_shape: (C, H, W).
        latents: its codes and noise.
        device: where its networks run; images may be handed over there.
        name: the kind of model, e.g. ``infogan-cr``.
        path: the file it was loaded from, if it was.
        provenance: where it comes from (JSON types; docs/checkpoint-format.md).
    """

    image_shape: tuple[int, int, int]
    latents: Latents
    device: torch.device = torch.device("cpu")
    name: str = "model"
    path: str | None = None
    provenance: Mapping[str, Any] = {}

    @abstractmethod
    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """As :meth:`AnyModel.sample_latents`."""

    @abstractmethod
    def generate(self, latents: Tensor) -> Tensor:
        """As :meth:`AnyModel.generate`."""

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        """As :meth:`AnyModel.encode`."""

    @abstractmethod
    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """As :meth:`AnyModel.posterior`."""

    @property
    def origin(self) -> Origin:
        """The data set it was trained on, as far as its provenance says."""
        return Origin.of(self.provenance)

    @cached_property
    def family(self) -> Family:
        """An autoencoder has a posterior or, without one, codes only.

        The noise that a GAN's generator draws besides its codes has no place in a reconstruction.
        """
        if self.latents.dim == self.latents.num_codes:
            return "vae"
        images = self.generate(self.sample_latents(2, torch.Generator().manual_seed(0)))
        return "gan" if self.posterior(images) is None else "vae"

    @cached_property
    def content_hash(self) -> str:
        """Hex SHA-256 of what it computes, never of where or when it was made.

        Here it is told by its behaviour: its images of a few fixed prior samples and their codes.
        """
        latents = self.sample_latents(PROBES, torch.Generator().manual_seed(0))
        images = self.generate(latents)
        digest = hashlib.sha256(json.dumps(self.latents.to_json()).encode())
        for tensor in (latents, images, self.encode(images), *(self.posterior(images) or ())):
            array = tensor.detach().cpu().contiguous()
            digest.update(f"{array.dtype}{tuple(array.shape)}".encode())
            digest.update(array.numpy().tobytes())
        return digest.hexdigest()


class Adapted(Model):
    """An object that offers the least, made whole; what more it has of a :class:`Model` counts."""

    def __init__(self, found: AnyModel) -> None:
        """Take ``found``; attributes of another type than a model's are left alone."""
        self.found = found
        self.image_shape = found.image_shape
        self.latents = found.latents
        kinds = {"name": str, "path": str, "content_hash": str, "provenance": Mapping, "device": object}
        attributes = {key: getattr(found, key) for key in kinds if hasattr(found, key)}
        vars(self).update({key: value for key, value in attributes.items() if isinstance(value, kinds[key])})
        self.device = torch.device(self.device)

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """As the object."""
        return self.found.sample_latents(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        """As the object."""
        return self.found.generate(latents)

    def encode(self, images: Tensor) -> Tensor:
        """As the object."""
        return self.found.encode(images)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        """As the object."""
        return self.found.posterior(images)


def as_model(found: Model | AnyModel) -> Model:
    """``found`` itself if it is a whole model, else the same made whole."""
    return found if isinstance(found, Model) else Adapted(found)

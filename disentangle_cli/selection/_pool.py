"""The models of a selection: loaded on demand, told apart by content, checked to fit each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.latents import Latents
from disentangle_cli.models import Model, load_model
from disentangle_cli.output import progress, warn
from disentangle_cli.selection._identity import identity

KEPT = 256
"""Models that stay loaded after the pool was read; the others are read again when their turn comes."""


@dataclass
class Member:
    """One model of a pool.

    Attributes:
        name: what the user calls it: the path as given, or ``model 1`` and so on for objects.
        identity: hex SHA-256 of its content.
        image_shape: (C, H, W).
        latents: its latent specification.
        open: makes the model, or hands it out.
    """

    name: str
    identity: str
    image_shape: tuple[int, int, int]
    latents: Latents
    open: Callable[[], Model]

    @cached_property
    def model(self) -> Model:
        """The model itself, loaded on first use."""
        return self.open()

    def __getstate__(self) -> dict[str, Any]:
        # a worker process loads the model again instead of receiving it
        return {key: value for key, value in self.__dict__.items() if key != "model"}

    @cached_property
    def family(self) -> str:
        """``vae`` for a model that has a posterior, else ``gan``."""
        images = self.model.generate(self.model.sample_latents(2, torch.Generator().manual_seed(0)))
        return "gan" if self.model.posterior(images) is None else "vae"


@dataclass(frozen=True)
class Duplicate:
    """A model left out because its content stands in the pool already."""

    model: str
    same_as: str


@dataclass(frozen=True)
class Pool:
    """Distinct models that can be compared, in the order given; networks run on ``device``."""

    members: tuple[Member, ...]
    duplicates: tuple[Duplicate, ...]
    device: str

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members."""
        return tuple(member.name for member in self.members)


@dataclass(frozen=True)
class _FromFile:
    path: str
    identity: str
    device: str

    def __call__(self) -> Model:
        model = load_model(self.path, self.device)
        if model.content_hash != self.identity:
            raise RunError(f"{self.path} was changed by another process meanwhile; run the command again")
        return model


@dataclass(frozen=True)
class _InMemory:
    model: Model

    def __call__(self) -> Model:
        return self.model


def load_pool(models: Sequence[str | Path | Model], device: str = "cpu") -> Pool:
    """Read checkpoints (paths) and take models (objects) into one pool.

    The same content twice is counted once, with a warning.

    Raises:
        UsageError: a file is missing or broken, image sizes differ, or fewer than two distinct models.
    """
    members: dict[str, Member] = {}
    duplicates = []
    for number, entry in enumerate(progress(list(models), desc="reading models", unit="model"), start=1):
        member = _read(entry, number, device)
        if first := members.get(member.identity):
            duplicates.append(Duplicate(member.name, first.name))
            warn(f"{member.name} has the same content as {first.name}; it is counted once")
        else:
            members[member.identity] = member
    pool = Pool(tuple(members.values()), tuple(duplicates), device)
    _check(pool)
    return pool


def _read(entry: str | Path | Model, number: int, device: str) -> Member:
    if not isinstance(entry, str | Path):
        return _member(f"model {number}", identity(entry), entry, _InMemory(entry))
    path = str(entry)
    if any(sign in path for sign in "*?[") and not Path(path).exists():
        raise UsageError(f"no file matches {path}")
    model = load_model(path, device)
    member = _member(path, model.content_hash, model, _FromFile(path, model.content_hash, device))
    if number <= KEPT:
        member.model = model
    return member


def _member(name: str, content: str, model: Model, opener: Callable[[], Model]) -> Member:
    channels, height, width = model.image_shape
    return Member(name, content, (channels, height, width), model.latents, opener)


def _check(pool: Pool) -> None:
    if len(pool) < 2:
        given = 1 + len(pool.duplicates)
        found = "one model was given" if given == 1 else f"the {given} models given are all the same"
        raise UsageError(f"selection compares models, so it needs at least two distinct ones: {found}")
    first = pool.members[0]
    for member in pool.members[1:]:
        if member.image_shape != first.image_shape:
            raise UsageError(
                f"models of different image sizes cannot be compared: {first.name} makes {_size(first)}, "
                f"{member.name} makes {_size(member)}"
            )


def _size(member: Member) -> str:
    channels, height, width = member.image_shape
    return f"{height}x{width} images with {channels} channel{'s' if channels > 1 else ''}"

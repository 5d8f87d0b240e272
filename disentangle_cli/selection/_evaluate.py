"""The inner loop of ModelCentrality: some encoders vote on one generator."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.executors import Control
from disentangle_cli.models import Model
from disentangle_cli.selection import draws
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.votes import (
    SCALE_IMAGES,
    Spread,
    Votes,
    cast_votes,
    scale_matters,
    time_to_look,
)

CHUNK_BYTES = 16 << 20
"""Size of the images that are in memory at once, as float32."""


@dataclass(frozen=True)
class Job:
    """Some encoders on one generator: what a worker gets, and all it needs.

    Attributes:
        generator: makes the images, grey levels kept.
        encoders: vote.
        columns: the latent dimensions that are held fixed in turn; labels count them.
        seed: with the content of the models it determines every draw.
        settings: counts, and whether autoencoders encode means or samples.
    """

    generator: Member
    encoders: tuple[Member, ...]
    columns: list[int]
    seed: int
    settings: Settings

    def __str__(self) -> str:
        return f"{len(self.encoders)} encoders on {self.generator.name}"

    @property
    def images(self) -> int:
        """How many images are encoded, without those for the scale where their number is open."""
        groups = self.settings.groups_per_code * len(self.columns)
        return len(self.encoders) * (groups * self.settings.group_size + (self.settings.scale_images or 0))


def evaluate(job: Job, control: Control) -> list[Votes]:
    """The votes of each encoder on the groups of the generator; ``control`` hears of the images encoded.

    Each chunk of images is made once, goes through all encoders, and is dropped. Where the settings leave the
    number of images for the scale open, each encoder gets as many as its own votes ask for.
    """
    generator, encoders, settings = job.generator, job.encoders, job.settings
    groups = draws.groups(job.columns, settings.groups_per_code)
    labels = np.array([group.label for group in groups], dtype=np.int64)
    size = settings.group_size
    name = f"{job.seed}/{generator.identity}"
    make = generator.model
    readers = [_Reader(encoder, settings, name) for encoder in encoders]
    stds = [np.empty((len(groups), encoder.latents.num_codes)) for encoder in encoders]
    spreads = [Spread(encoder.latents.num_codes) for encoder in encoders]

    at_once = max(1, CHUNK_BYTES // (4 * math.prod(generator.image_shape)) // size)
    for start in range(0, len(groups), at_once):
        chunk = groups[start : start + at_once]
        parts = [draws.group_latents(make, name, group, size) for group in chunk]
        images = make.generate(torch.cat(parts))
        keys = [f"group/{group.column}/{group.repeat}" for group in chunk]
        for reader, std in zip(readers, stds, strict=True):
            codes = reader.codes(images, keys)
            with np.errstate(invalid="ignore", over="ignore"):
                std[start : start + len(chunk)] = codes.reshape(len(chunk), size, -1).std(axis=1)
            control.advance(len(images))

    open_ = list(range(len(encoders)))
    prior = draws.prior_latents(make, name, settings.scale_images or SCALE_IMAGES)
    for block, latents in enumerate(prior):
        images = make.generate(latents)
        for k in open_:
            spreads[k].add(readers[k].codes(images, [f"prior/{block}"]))
            control.advance(len(images) if settings.scale_images else 0)
        if settings.scale_images is None and time_to_look(block + 1):
            open_ = [k for k in open_ if scale_matters(stds[k], spreads[k], labels)]
            if not open_:
                break

    return [
        Votes(cast_votes(std, spread.std), labels, spread.std > 0, spread.count)
        for std, spread in zip(stds, spreads, strict=True)
    ]


class _Reader:
    """One encoder on the images of one generator, whose draws are called ``name``."""

    def __init__(self, encoder: Member, settings: Settings, name: str) -> None:
        self._model: Model = encoder.model
        self._sampled = settings.encode == "sample"
        self._bf16 = settings.precision == "bf16"
        self._name = f"{name}/{encoder.identity}"

    def codes(self, images: Tensor, keys: list[str]) -> Doubles:
        """(n, K) codes; a sampled posterior takes its noise in equal parts from one stream per key."""
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            posterior = self._model.posterior(images) if self._sampled else None
            codes = self._model.encode(images) if posterior is None else posterior[0]
        if posterior is not None:
            shape = (len(images) // len(keys), codes.shape[1])
            streams = [draws.stream(self._name, key) for key in keys]
            noise = torch.cat([torch.randn(shape, generator=stream) for stream in streams])
            codes = codes.float() + torch.exp(0.5 * posterior[1].float()) * noise.to(codes.device)
        return codes.double().cpu().numpy()

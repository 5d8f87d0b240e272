"""The inner loop of ModelCentrality: some encoders vote on one generator."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.executors import Control
from disentangle_cli.measurement.settling import looks, settled
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
        """How many images are encoded at most, but for those of the scale where their number is open."""
        return self._of_groups + len(self.encoders) * (self.settings.scale_images or draws.BLOCK)

    @property
    def _of_groups(self) -> int:
        groups = self.settings.groups_per_code * len(self.columns)
        return len(self.encoders) * groups * self.settings.group_size

    def images_taken(self, results: Sequence[Votes]) -> int:
        """How many it came to; those of a group that was over sooner count."""
        return self._of_groups + sum(votes.scale_images for votes in results)


def evaluate(job: Job, control: Control) -> list[Votes]:
    """The votes of each encoder on the groups of the generator; ``control`` hears of the images encoded.

    Images are made once, go through all encoders that still ask for them, and are dropped. A group is over
    for an encoder when its vote is settled, unless the settings ask for full groups. Where they leave the
    number of images for the scale open, each encoder gets as many as its own votes ask for.
    """
    generator, settings = job.generator.model, job.settings
    groups = draws.groups(job.columns, settings.groups_per_code)
    labels = np.array([group.label for group in groups], dtype=np.int64)
    name = f"{job.seed}/{job.generator.identity}"
    voters = [_Voter(encoder, settings, name, len(groups)) for encoder in job.encoders]

    def widen(asking: list[_Voter], block: int, latents: Tensor) -> None:
        images = generator.generate(latents)
        for voter in asking:
            voter.spread.add(voter.codes(images, [f"prior/{block}"], len(images)))
            control.advance(len(images))

    prior = enumerate(draws.prior_latents(generator, name, settings.scale_images or SCALE_IMAGES))
    # a vote is settled or not relative to the scale, so at least a part of that comes first
    for block, latents in prior if settings.scale_images else islice(prior, 1):
        widen(voters, block, latents)
    at_once = max(1, CHUNK_BYTES // (4 * math.prod(job.generator.image_shape)))
    step = max(1, at_once // _stops(settings)[0])
    for start in range(0, len(groups), step):
        _vote(job, voters, start, groups[start : start + step], at_once, control)
    open_ = voters
    for block, latents in prior:
        if time_to_look(block):
            open_ = [voter for voter in open_ if scale_matters(voter.stds, voter.spread, labels)]
        if not open_:
            break
        widen(open_, block, latents)
    return [
        Votes(cast_votes(voter.stds, voter.spread.std), labels, voter.spread.std > 0, voter.spread.count)
        for voter in voters
    ]


def _vote(
    job: Job, voters: list["_Voter"], start: int, groups: list[draws.Group], at_once: int, control: Control
) -> None:
    """Show groups to all voters, the first of which has the number ``start``, until all votes are settled."""
    size, model = job.settings.group_size, job.generator.model
    name = f"{job.seed}/{job.generator.identity}"
    keys = [f"group/{group.column}/{group.repeat}" for group in groups]
    latents = torch.stack([draws.group_latents(model, name, group, size) for group in groups])
    codes = [np.empty((len(groups), size, voter.stds.shape[1])) for voter in voters]
    waiting = [np.arange(len(groups)) for _ in voters]
    seen = 0
    for stop in _stops(job.settings):
        if not len(wanted := np.unique(np.concatenate(waiting))):
            return
        for part in np.array_split(wanted, -(-len(wanted) * (stop - seen) // at_once)):
            images = model.generate(latents[part, seen:stop].flatten(0, 1))
            images = images.reshape(len(part), stop - seen, *images.shape[1:])
            for voter, own, mine in zip(voters, codes, waiting, strict=True):
                rows = np.flatnonzero(np.isin(part, mine))
                found = voter.codes(images[rows].flatten(0, 1), [keys[k] for k in part[rows]], size, seen)
                own[part[rows], seen:stop] = found.reshape(len(rows), stop - seen, own.shape[2])
        for k, (voter, own, mine) in enumerate(zip(voters, codes, waiting, strict=True)):
            over = settled(own[mine, :stop], size, voter.spread.std, voter.spread.error)
            with np.errstate(invalid="ignore", over="ignore"):
                voter.stds[start + mine[over]] = own[mine[over], :stop].std(axis=1)
            control.advance(len(mine) * (stop - seen) + int(over.sum()) * (size - stop))
            waiting[k] = mine[~over]
        seen = stop


def _stops(settings: Settings) -> list[int]:
    return [settings.group_size] if settings.full_groups else looks(settings.group_size)


class _Voter:
    """One encoder on the images of one generator, whose draws are called ``name``.

    Attributes:
        spread: of its codes over the prior so far.
        stds: (M, K) standard deviation of each code within each group, as far as the groups went.
    """

    def __init__(self, encoder: Member, settings: Settings, name: str, groups: int) -> None:
        self._model: Model = encoder.model
        self._sampled = settings.encode == "sample"
        self._bf16 = settings.precision == "bf16"
        self._name = f"{name}/{encoder.identity}"
        codes = encoder.latents.num_codes
        self.spread, self.stds = Spread(codes), np.empty((groups, codes))

    def codes(self, images: Tensor, keys: list[str], size: int, start: int = 0) -> Doubles:
        """(n, K) codes of images that are equal parts of samples of ``size`` images, from ``start`` on.

        A sampled posterior takes its noise from one stream per sample; ``keys`` name them.
        """
        if not keys:
            return np.empty((0, self.stds.shape[1]))
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self._bf16):
            posterior = self._model.posterior(images) if self._sampled else None
            codes = self._model.encode(images) if posterior is None else posterior[0]
        if posterior is not None:
            each, part = (size, codes.shape[1]), slice(start, start + len(images) // len(keys))
            streams = [draws.stream(self._name, key) for key in keys]
            # all of a sample's noise is drawn, so that a part of it does not depend on how it was divided
            noise = torch.cat([torch.randn(each, generator=stream)[part] for stream in streams])
            codes = codes.float() + torch.exp(0.5 * posterior[1].float()) * noise.to(codes.device)
        return codes.double().cpu().numpy()

"""The inner loop of ModelCentrality: some encoders vote on one generator."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.selection import _draws
from disentangle_cli.selection._pool import Member
from disentangle_cli.selection._settings import Settings
from disentangle_cli.selection._votes import Spread, Votes, cast_votes

CHUNK_BYTES = 16 << 20
"""Size of the images that are in memory at once, as float32."""


def evaluate(
    generator: Member,
    encoders: Sequence[Member],
    columns: list[int],
    seed: int,
    settings: Settings,
    advance: Callable[[int], object] = lambda images: None,
) -> list[Votes]:
    """The votes of each encoder on the groups of ``generator``.

    Each chunk of images is made once, goes through all encoders, and is dropped.

    Args:
        generator: makes the images, grey levels kept.
        encoders: vote.
        columns: the latent dimensions that are held fixed in turn; labels count them.
        seed: with the content of the models it determines every draw.
        settings: counts, and whether autoencoders encode means or samples.
        advance: told the number of images encoded since the last call.
    """
    groups = _draws.groups(columns, settings.groups_per_code)
    size = settings.group_size
    stds = [np.empty((len(groups), encoder.latents.num_codes)) for encoder in encoders]
    spreads = [Spread(encoder.latents.num_codes) for encoder in encoders]
    name = f"{seed}/{generator.identity}"

    for start, chunk in _chunks(groups, max(1, _images_at_once(generator) // size)):
        parts = [_draws.group_latents(generator.model, name, group, size) for group in chunk]
        images = generator.model.generate(torch.cat(parts))
        keys = [f"group/{group.column}/{group.repeat}" for group in chunk]
        for encoder, std in zip(encoders, stds, strict=True):
            codes = _encode(encoder, images, settings, f"{name}/{encoder.identity}", keys)
            with np.errstate(invalid="ignore", over="ignore"):
                std[start : start + len(chunk)] = codes.reshape(len(chunk), size, -1).std(axis=1)
            advance(len(images))

    for block, latents in enumerate(_draws.prior_latents(generator.model, name, settings.scale_images)):
        images = generator.model.generate(latents)
        for encoder, spread in zip(encoders, spreads, strict=True):
            spread.add(_encode(encoder, images, settings, f"{name}/{encoder.identity}", [f"prior/{block}"]))
            advance(len(images))

    labels = np.array([group.label for group in groups], dtype=np.int64)
    return [
        Votes(cast_votes(std, spread.std), labels, spread.std > 0)
        for std, spread in zip(stds, spreads, strict=True)
    ]


def _encode(
    encoder: Member, images: Tensor, settings: Settings, name: str, keys: list[str]
) -> NDArray[np.float64]:
    """(n, K) codes; a sampled posterior takes its noise in equal parts from one stream per key."""
    posterior = encoder.model.posterior(images) if settings.encode == "sample" else None
    if posterior is None:
        codes = encoder.model.encode(images)
    else:
        mean, logvar = posterior
        shape = (len(images) // len(keys), mean.shape[1])
        noise = torch.cat([torch.randn(shape, generator=_draws.stream(name, key)) for key in keys])
        codes = mean + torch.exp(0.5 * logvar) * noise.to(mean)
    return codes.double().cpu().numpy()


def _images_at_once(generator: Member) -> int:
    channels, height, width = generator.image_shape
    return max(1, CHUNK_BYTES // (4 * channels * height * width))


def _chunks(groups: list[_draws.Group], at_once: int) -> Iterator[tuple[int, list[_draws.Group]]]:
    for start in range(0, len(groups), at_once):
        yield start, groups[start : start + at_once]

"""Spare codes: until the game begins, the noise inputs of G can be codes too.

Where there are more properties than codes, or one of them takes several, an autoencoder with as many codes as
the GAN gives one code to two properties. With codes to spare each finds its own, and the codes of the GAN are
then those that change the images most; the others are noise from then on.
"""

import torch
from torch import Tensor, nn

from disentangle_cli.networks.gan import GaussianEncoder
from disentangle_cli.networks.gaussian import split

COMPARED = 1024
"""Latents by which the effect of each code is measured."""
CHUNK = 64
"""Images at a time."""


def posterior(encoder: GaussianEncoder, spare: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log-variances (n, L) of all latents; ``spare`` is the last layer for those beside codes."""
    features = encoder.hidden(images)
    own, more = split(encoder.posterior[-1](features).float()), split(spare(features).float())
    return torch.cat([own[0], more[0]], 1), torch.cat([own[1], more[1]], 1)


@torch.no_grad()
def effects(generator: nn.Module, dim: int, device: torch.device, rng: torch.Generator) -> Tensor:
    """(L,) on the CPU: the mean squared change of G's images when one of ``dim`` latents is drawn anew.

    ``generator`` is used as it is; batch norm should be in inference mode. Latents are uniform on [-1, 1].
    """
    total = torch.zeros(dim)
    for latents in torch.split(torch.rand(COMPARED, dim, generator=rng) * 2 - 1, CHUNK):
        images = generator(latents.to(device)).float()
        for k in range(dim):
            changed = latents.clone()
            changed[:, k] = torch.rand(len(latents), generator=rng) * 2 - 1
            total[k] += (generator(changed.to(device)).float() - images).square().sum().cpu()
    return total / COMPARED


@torch.no_grad()
def put_first(chosen: list[int], encoder: GaussianEncoder, spare: nn.Module, generator: nn.Module) -> None:
    """Let the codes of encoder and G be the latents ``chosen``, K of L, in this order; the others follow."""
    columns, last = generator.get_parameter("dense.0.weight"), encoder.posterior[-1]
    order = torch.tensor([*chosen, *(k for k in range(columns.shape[1]) if k not in chosen)])
    for name in ("weight", "bias"):
        own, more = last.get_parameter(name), spare.get_parameter(name)
        # means, then log-variances, of the codes and of the others
        rows = torch.stack([torch.cat(parts) for parts in zip(own.chunk(2), more.chunk(2), strict=True)])
        rows = rows[:, order.to(rows.device)]
        own.copy_(rows[:, : len(own) // 2].flatten(0, 1))
        more.copy_(rows[:, len(own) // 2 :].flatten(0, 1))
    columns.copy_(columns[:, order.to(columns.device)])

"""The two networks of a model as they are exported: from latents to images, and from images to codes."""

import torch
from torch import Tensor, nn

from disentangle_cli.modelling.loaded import LoadedModel

ROWS = 4
"""Rows of the examples that tracing wants; an export takes any number."""


class ExportedGenerator(nn.Module):
    """(n, L) float32 latents -> (n, C, H, W) images in [0, 1], as ``model.generate`` gives them."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__()
        self.net = model.image_network
        self.latents = model.latents

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        images: Tensor = self.net(self.latents.nearest(latents))
        return images


class ExportedEncoder(nn.Module):
    """(n, C, H, W) images in [0, 1] -> (n, K) codes; with a posterior (n, K) means and log-variances."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__()
        self.net = model.encoder
        self.codes = model.latents.num_codes
        self.posterior = model.has_posterior

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        outputs: Tensor = self.net(images)
        if not self.posterior:
            return outputs
        return outputs[:, : self.codes], outputs[:, self.codes :]


def parts(model: LoadedModel) -> list[tuple[str, nn.Module, str, list[str], Tensor]]:
    """Of both networks: name, module, what its input and outputs are called, and an example of its input."""
    rng = torch.Generator().manual_seed(0)
    outputs = ["mean", "logvar"] if model.has_posterior else ["codes"]
    latents, images = model.latents.sample(ROWS, rng), torch.rand(ROWS, *model.image_shape, generator=rng)
    return [
        ("generator", ExportedGenerator(model).eval(), "latents", ["images"], latents),
        ("encoder", ExportedEncoder(model).eval(), "images", outputs, images),
    ]

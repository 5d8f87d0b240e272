"""Generators that run inside a page: which ones can, and in how many bytes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from disentangle_cli.architectures.onnx import OnnxNet
from disentangle_cli.modelling.loaded import LoadedModel
from disentangle_cli.modelling.model import Model
from disentangle_cli.modelling.program import Program, Width
from disentangle_cli.modelling.recorder import UntraceableError
from disentangle_cli.modelling.tracing import trace

MOST_BYTES = 24 * 2**20
"""Of weights on a page; as text they are a third longer."""
MOST_WORK = 256 * 10**6
"""Multiplications of one image: some 0.3 seconds of a browser on a processor of 2020."""
MOST_DIFFERENCE = 2 / 255
"""Between a program's image and the model's, of any pixel."""


@dataclass(frozen=True)
class Live:
    """A generator for a page: ``difference`` is what it was off by at most when it was tried, in [0, 1]."""

    program: Program
    width: Width
    difference: float


def make_live(model: Model, latents: Tensor) -> Live:
    """The program of a model's generator, tried on ``latents`` (n, L); float16 weights where they do.

    Raises:
        UntraceableError: it has none, is too large for a page or too slow, or its images are not the model's;
            the message ends a sentence.
    """
    if not isinstance(model, LoadedModel):
        raise UntraceableError("the model is an object of its own, whose networks are not known")
    if isinstance(model.generator, OnnxNet):
        raise UntraceableError("its generator is an ONNX graph, which onnxruntime alone can run")
    if model.image_shape[0] not in (1, 3):
        raise UntraceableError(f"its images have {model.image_shape[0]} channels")
    program = trace(model.image_network, model.latents.dim)
    if program.work > MOST_WORK:
        raise UntraceableError(
            f"its generator is too slow for a page ({program.work / 1e6:,.0f} million multiplications for an "
            f"image, more than {MOST_WORK / 1e6:,.0f})"
        )
    latents = model.latents.nearest(latents.cpu())
    wanted = model.generate(latents).cpu()
    difference = float("inf")
    for width in ("float16", "float32"):
        if program.size(width) > MOST_BYTES:
            raise UntraceableError(
                f"its generator is too large for a page ({program.size(width) / 2**20:,.0f} MiB of weights, "
                f"more than {MOST_BYTES / 2**20:,.0f})"
            )
        rounded = program.rounded(width)
        with torch.no_grad():
            found = torch.stack([rounded.run(latent) for latent in latents])
        difference = float((found - wanted).abs().max())
        if difference <= MOST_DIFFERENCE:
            return Live(program, width, difference)
    raise UntraceableError(
        "what was traced of its generator gives other images (it may draw random numbers, or look at a whole "
        "batch of latents at once)"
    )

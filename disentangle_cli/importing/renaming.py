"""Weights under other names: giving them the names of one of dcr's networks, shapes checked."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from disentangle_cli.architectures import Architecture
from disentangle_cli.checkpoint import Weights
from disentangle_cli.errors import UsageError


def meta_networks(
    architecture: Architecture, latent_dim: int, outputs: int, image_shape: tuple[int, int, int]
) -> tuple[nn.Module, nn.Module]:
    """Generator and encoder without memory for their weights."""
    channels, size, _ = image_shape
    with torch.device("meta"):
        return (
            architecture.generator(latent_dim, channels, size),
            architecture.encoder(outputs, channels, size),
        )


def layers(net: nn.Module) -> Iterator[tuple[str, list[str]]]:
    """Every layer that has a state, in order: its name in ``net`` and the names within it."""
    for prefix, layer in net.named_modules():
        own = [*(name for name, _ in layer.named_parameters(recurse=False)),
               *(name for name, _ in layer.named_buffers(recurse=False))]  # fmt: skip
        if own:
            yield prefix, own


def by_order(net: nn.Module, weights: Weights, names: Sequence[str]) -> Weights:
    """The state dict of ``net`` from layers called ``names`` elsewhere, in the order of the layers.

    Raises:
        UsageError: a weight is missing or has another shape.
    """
    expected = net.state_dict()
    found = {}
    for (prefix, own), name in zip(layers(net), names, strict=True):
        for part in own:
            key, wanted = f"{name}.{part}", expected[f"{prefix}.{part}"]
            found[f"{prefix}.{part}"] = fitting(weights, key, tuple(wanted.shape))
    return found


def fitting(weights: Weights, key: str, shape: tuple[int, ...]) -> Tensor:
    """``weights[key]`` of that shape, else a UsageError."""
    if key not in weights:
        raise UsageError(f"weight {key} is missing")
    if tuple(weights[key].shape) != shape:
        raise UsageError(f"weight {key} has shape {tuple(weights[key].shape)}, expected {shape}")
    return weights[key]

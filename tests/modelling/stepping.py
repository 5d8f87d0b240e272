"""Iterations of one model outside of a run."""

from typing import Any, TypeVar

from torch import Tensor

from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import Trainable

E = TypeVar("E", bound=LoneEngine)


def step(model: Trainable[Any], images: Tensor, iteration: int) -> dict[str, Tensor]:
    """One iteration on images (B, C, H, W)."""
    return LoneEngine(model).step(images[None], iteration)


def in_double(engine: E) -> E:
    """Networks and draws in float64, where the order of sums hardly shows."""
    for net in engine.model.networks.values():
        net.double()
    draw = engine.random
    engine.random = lambda function: tuple(  # type: ignore[method-assign]
        x.double() if x.is_floating_point() else x for x in draw(function)
    )
    return engine

"""Which engine trains which models."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from disentangle_cli.modelling.compiled import usable_compiler
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.stack_engine import StackEngine
from disentangle_cli.modelling.trainable import Trainable


class Steps(Protocol):
    """Makes iterations of one model or of many."""

    def step(self, images: Tensor, iteration: int) -> dict[str, Tensor]:
        """Images (S, B, C, H, W) in [0, 1] -> scalars to log, (S,) or one for all, until the next step."""


def engine_for(models: Sequence[Trainable[Any]], compiled: bool) -> Steps:
    """What trains ``models``, one or many that differ only in their seed, on the device that they are on.

    ``compiled``: whether by compiled kernels, where they can be had.
    """
    device = models[0].device
    # an engine has a compiler of its own, as that keeps the models that it compiled for alive
    compiler = usable_compiler(device) if compiled else None
    graph = IterationGraph(device) if device.type == "cuda" else None
    if len(models) == 1:
        return LoneEngine(models[0], compiler, graph)
    if graph is None:  # grouped kernels are slower than those of a lone run on a CPU
        return SideBySide(models, compiler)
    return StackEngine(models, compiler, graph)

"""Many seeds, each by an engine of its own: what they compute is what each computes alone.

On a GPU every seed has a CUDA graph and a stream of its own, so that the small kernels of different seeds
overlap. On a CPU seeds take turns.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.modelling.graph import CudaRecorder, IterationGraph, new_stream
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import Trainable


class SideBySide:
    """Makes the iterations of models that may differ in anything but the shape of their batches."""

    def __init__(self, members: Sequence[Trainable[Any]], compiler: Compiler | None = None) -> None:
        self.members = members
        self._device = members[0].device
        self.engines = []
        self._streams: list[torch.cuda.Stream] = []
        for model in members:
            graph = None
            if self._device.type == "cuda":
                self._streams.append(stream := new_stream(self._device))
                graph = IterationGraph(self._device, CudaRecorder(stream))
            self.engines.append(LoneEngine(model, compiler, graph))

    def step(self, images: Tensor, iteration: int) -> dict[str, Tensor]:
        """One training iteration of every seed on images (S, B, C, H, W) in [0, 1].

        Returns:
            Detached scalars to log, (S,), which hold until the next step.
        """
        for stream in self._streams:
            stream.wait_stream(torch.cuda.current_stream(self._device))
        found = []
        for k, engine in enumerate(self.engines):
            with torch.cuda.stream(self._streams[k] if self._streams else None):
                found.append(engine.step(images[k : k + 1], iteration))
        for stream in self._streams:
            torch.cuda.current_stream(self._device).wait_stream(stream)
        return {name: torch.stack([scalars[name].reshape(()) for scalars in found]) for name in found[0]}

"""The engine of one seed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.modelling.engine import Draw, Engine
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.modelling.trainable import Trainable
from disentangle_cli.networks.layers import commit, freeze, unfreeze

T = TypeVar("T")


class LoneEngine(Engine):
    """Makes the iterations of ``model``: one of ``members``, the models that are trained, or their stack.

    Without a ``compiler`` functions have stock kernels; without a ``graph`` iterations run kernel by kernel.
    """

    def __init__(
        self, model: Trainable[Any], compiler: Compiler | None = None, graph: IterationGraph | None = None
    ) -> None:
        self.model = model
        self.members: Sequence[Trainable[Any]] = [model]
        self.compiler = compiler
        self.graph = graph

    def step(self, images: Tensor, iteration: int) -> dict[str, Tensor]:
        """One training iteration on images (S, B, C, H, W) in [0, 1], S the number of members.

        Returns:
            Detached scalars to log, (S,) or one for all seeds, which hold until the next step.
        """
        schedule = self.prepare(iteration)

        def iterate(images: Tensor) -> dict[str, Tensor]:
            scalars = self.model.iterate(images, schedule, self)
            return {name: value.detach() for name, value in scalars.items()}

        arranged = self.arrange(images)
        scalars = iterate(arranged) if self.graph is None else self.graph.run(schedule, iterate, arranged)
        self.model.conclude(iteration)
        return scalars

    def prepare(self, iteration: int) -> Any:
        """What the host does before an iteration; returns what schedules give for it."""
        return self.model.prepare(iteration)

    def arrange(self, images: Tensor) -> Tensor:
        """Images in the shape and memory layout that the networks take."""
        return images[0].to(memory_format=torch.channels_last)

    def evaluate(self, function: Callable[..., T], *inputs: Tensor) -> T:
        return self.compiled(function)(*inputs)

    def compiled(self, function: Callable[..., T]) -> Callable[..., T]:
        """``function`` with kernels of its own where they are wanted."""
        return function if self.compiler is None else self.compiler(function)

    def update(self, optimiser: str, loss: Tensor) -> None:
        self.model.optimisers[optimiser].zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.model.optimisers[optimiser].step()

    def random(self, draw: Draw) -> tuple[Tensor, ...]:
        return self.fed(lambda: draw(self.model.rng))

    def fed(self, draw: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """What ``draw`` gives on the host, on the model's device."""
        if self.graph is not None:
            return self.graph.fed(draw)
        return tuple(x.to(self.model.device) for x in draw())

    @contextmanager
    def frozen(self, *players: str) -> Iterator[None]:
        nets = [self.model.players[player] for player in players]
        try:
            for net in nets:
                freeze(net, torch.bfloat16 if self.model.bf16 else None)
            yield
        finally:
            for net in nets:
                unfreeze(net)

    def commit(self) -> None:
        for net in self.model.players.values():
            commit(net)

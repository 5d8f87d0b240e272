"""Writing down a program while a network runs: its steps, its weights, and what depends on the latent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.modelling.program import Program, Step


class UntraceableError(Exception):
    """A network that no program can stand for; says why, as the end of a sentence."""


@dataclass(frozen=True)
class Live:
    """A tensor (1, ...) that depends on the latent: its value in the traced run and its register."""

    value: Tensor
    register: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)


class Recorder:
    """The steps so far, each of which writes a register of its own."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.weights: list[Tensor] = []

    def add(
        self,
        name: str,
        value: Tensor,
        reads: Sequence[Live],
        weights: Sequence[Tensor | None] = (),
        **options: Any,
    ) -> Live:
        """Record a step that gives ``value`` (1, ...)."""
        places = tuple(None if weight is None else self._keep(weight) for weight in weights)
        read = tuple(live.register for live in reads)
        self.steps.append(Step(name, read, tuple(value.shape), places, options))
        return Live(value, len(self.steps))

    def gather(self, live: Live, value: Tensor, places: Tensor, fill: float = 0.0) -> Live:
        """``value`` is made of the numbers of ``live`` at ``places``; beyond the last there is ``fill``."""
        flat, count = places.flatten().round().long(), live.value.numel()
        if torch.equal(flat, torch.arange(count)):  # another shape of the same row
            return Live(value, live.register)
        before = self.steps[live.register - 1] if live.register else None
        if before and before.name == "gather" and before.options["fill"] == fill:  # both at once
            (register,), (place,) = before.reads, before.weights
            length = before.options["count"]
            flat = torch.cat([self.weights[place or 0].long(), torch.tensor([length])])[flat]
            live, count = Live(live.value, register), length
        return self.add("gather", value, [live], [flat.int()], fill=fill, count=count)

    def program(self, image: Live) -> Program:
        """What leads to ``image``, numbered anew."""
        needed = {image.register}
        for register in range(len(self.steps), 0, -1):
            if register in needed:
                needed.update(self.steps[register - 1].reads)
        order = sorted(needed - {0})
        registers = {0: 0} | {old: new for new, old in enumerate(order, 1)}
        kept = [self.steps[old - 1] for old in order]
        held = sorted({place for step in kept for place in step.weights if place is not None})
        places: dict[int | None, int | None] = {None: None} | {old: new for new, old in enumerate(held)}
        steps = [
            replace(
                step,
                reads=tuple(registers[i] for i in step.reads),
                weights=tuple(places[i] for i in step.weights),
            )
            for step in kept
        ]
        return Program(steps, [self.weights[i] for i in held], tuple(image.shape[1:]))

    def _keep(self, weight: Tensor) -> int:
        kind = torch.float32 if weight.is_floating_point() else torch.int32
        self.weights.append(weight.detach().to(kind).contiguous())
        return len(self.weights) - 1

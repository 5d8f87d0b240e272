"""The engine of many seeds of one configuration, trained as one computation.

The engine has a model of its own whose tensors have one more dimension in front: the seed. Its iteration is
the lone one, line for line; the functions of one seed's networks that it evaluates are mapped over the seeds
by ``torch.vmap``, which makes grouped convolutions and batched products: one kernel serves all seeds, and its
sums run in another order than those of a lone run. The gradient of the sum of the seeds' losses holds each
seed's own gradient, and Adam works element by element, so every seed does what it does alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from disentangle_cli.modelling.adam import adam_states, set_rate
from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.modelling.engine import Draw
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import Trainable
from disentangle_cli.networks.layers import commit

T = TypeVar("T")


class StackEngine(LoneEngine):
    """Makes the iterations of models that differ only in their seed, at the same iteration.

    The members' tensors become views into the stack's, so ``state()`` and ``weights()`` of a member are those
    of its seed at any time. Members neither step nor are restored once they are in a stack.
    """

    def __init__(
        self,
        members: Sequence[Trainable[Any]],
        compiler: Compiler | None = None,
        graph: IterationGraph | None = None,
    ) -> None:
        """Take over the tensors and optimiser states of ``members``."""
        first = members[0]
        whole = type(first)(first.config, first.image_shape, 0, first.device, first.bf16)
        super().__init__(whole, compiler, graph)
        self.members = members
        self._players = _Players(whole.players)
        for name, net in whole.networks.items():
            states = [member.networks[name].state_dict(keep_vars=True) for member in members]
            for key, tensor in net.state_dict(keep_vars=True).items():
                _merge(tensor, [state[key] for state in states])
        self._merged: dict[str, torch.optim.Optimizer] = {}

    def prepare(self, iteration: int) -> Any:
        """Every member prepares itself as it does alone, on its part of the stack."""
        schedule, *_ = [member.prepare(iteration) for member in self.members]
        for name, theirs in self.members[0].optimisers.items():
            if self._merged.get(name) is not theirs:  # at first, and where a member has drawn a player anew
                self._merge_optimiser(name)
            set_rate(self.model.optimisers[name], theirs.param_groups[0]["lr"])
        return schedule

    def arrange(self, images: Tensor) -> Tensor:
        """Images (S, B, C, H, W), each seed's in the layout of the lone run."""
        return images.movedim(2, -1).contiguous().movedim(-1, 2)

    def evaluate(self, function: Callable[..., T], *inputs: Tensor) -> T:
        """The values of ``function`` for all seeds; inputs and outputs have the seeds in front."""
        tensors = dict(self._players.named_parameters()) | dict(self._players.named_buffers())
        return cast(T, self.compiled(partial(self._of_all_seeds, function))(tensors, *inputs))

    def _of_all_seeds(self, function: Callable[..., T], tensors: dict[str, Tensor], *inputs: Tensor) -> Any:
        return torch.vmap(partial(self._of_one_seed, function))(tensors, *inputs)

    def _of_one_seed(self, function: Callable[..., T], tensors: dict[str, Tensor], *inputs: Tensor) -> Any:
        return functional_call(self._players, tensors, (function, *inputs))

    def random(self, draw: Draw) -> tuple[Tensor, ...]:
        """Every seed draws from its own generator, as it does alone."""

        def draw_all() -> tuple[Tensor, ...]:
            draws = [draw(member.rng) for member in self.members]
            return tuple(torch.stack(drawn) for drawn in zip(*draws, strict=True))

        return self.fed(draw_all)

    @contextmanager
    def frozen(self, *players: str) -> Iterator[None]:
        """No gradients. Weights are normalised again in each pass, which gives the same values."""
        nets = [self.model.players[player].requires_grad_(False) for player in players]
        try:
            yield
        finally:
            for net in nets:
                net.requires_grad_(True)

    def commit(self) -> None:
        """Store the spectral-norm vectors of all seeds."""
        self.evaluate(self._commit_one)

    def _commit_one(self) -> tuple[()]:
        for net in self.model.players.values():
            commit(net)
        return ()

    def _merge_optimiser(self, name: str) -> None:
        """One Adam for all seeds, which have made the same number of steps."""
        self._merged[name] = self.members[0].optimisers[name]
        self.model.optimisers[name].state.clear()
        ours, *theirs = (adam_states(model.optimisers[name]) for model in (self.model, *self.members))
        for state, *parts in zip(ours, *theirs, strict=True):
            for key in ("exp_avg", "exp_avg_sq"):
                _merge(state[key], [part[key] for part in parts])
            state["step"].copy_(parts[0]["step"])
            for part in parts:
                part["step"] = state["step"]


class _Players(nn.ModuleDict):
    """All players as one module, so that their tensors can be replaced for the time of a call."""

    def forward(self, function: Callable[..., T], *inputs: Tensor) -> T:
        return function(*inputs)


def _merge(whole: Tensor, parts: Sequence[Tensor]) -> None:
    """Make ``whole`` the stack of ``parts``, each laid out in memory as it was, and these views into it."""
    first = parts[0].detach()
    extent = 1 + sum((size - 1) * stride for size, stride in zip(first.shape, first.stride(), strict=True))
    whole.data = first.new_empty_strided((len(parts), *first.shape), (extent, *first.stride()))
    for view, part in zip(whole.data, parts, strict=True):
        view.copy_(part.detach())
        part.data = view

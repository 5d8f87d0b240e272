"""Many seeds of one configuration, trained as one batched computation.

A stack is an InfoGAN whose tensors have one more dimension in front: the seed. Its step is the lone one, line
for line; what stands in ``evaluate`` there, functions of one seed's networks, is mapped over the seeds here.
The gradient of the sum of the seeds' losses holds each seed's own gradient, and Adam works element by
element, so every seed does what it does alone.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from disentangle_cli.modelling._seed_maps import all_at_once, in_turn, stacked
from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.models.infogan import InfoGan
from disentangle_cli.networks.layers import commit

T = TypeVar("T")


def stack(members: Sequence[InfoGan[Any]], batched: bool | None = None) -> "Stack":
    """The stack of ``members``: lone models of one configuration, at the same iteration.

    ``batched`` is by default whether they are on a GPU.
    """
    first = members[0]
    kind = type(f"Stacked{type(first).__name__}", (Stack, type(first)), {})
    made: Stack = kind(first.config, first.image_shape, 0, first.device, first.bf16)
    if first.compiler is not None:  # one of its own: a compiler keeps the models that it compiled for alive
        made.compiler = Compiler(first.compiler.backend)
    made.graph = None if first.graph is None else IterationGraph(first.device)
    made.adopt(members, first.device.type == "cuda" if batched is None else batched)
    return made


class Stack(InfoGan[Any]):
    """What a stack does in another way than the lone model that it is mixed into.

    The members' tensors become views into the stack's, so ``state()`` and ``weights()`` of a member are those
    of its seed at any time. Members neither step nor are restored once they are in a stack.
    """

    members: Sequence[InfoGan[Any]]
    batched: bool
    """Whether kernels serve all seeds at once; otherwise seeds take turns (see ``_seed_maps``)."""

    def adopt(self, members: Sequence[InfoGan[Any]], batched: bool) -> None:
        """Take over the tensors and optimiser states of ``members``."""
        self.members = members
        self.batched = batched
        self._whole = _Whole(self.players)
        for name, net in self.networks().items():
            states = [member.networks()[name].state_dict(keep_vars=True) for member in members]
            for key, tensor in net.state_dict(keep_vars=True).items():
                _merge(tensor, [state[key] for state in states], dense=batched)  # as Adam wants it
        for player in self.players:
            self._adopt_optimiser(player)

    def evaluate(self, function: Callable[..., T], *inputs: Tensor) -> T:
        """The values of ``function`` for all seeds; inputs and outputs have the seeds in front."""
        tensors = dict(self._whole.named_parameters()) | dict(self._whole.named_buffers())
        function = partial(self._of_one_seed, function)
        if self.batched:
            return cast(T, self.compiled(partial(self._of_all_seeds, function))(tensors, *inputs))
        return cast(T, in_turn(self.compiled(function))(tensors, *inputs))

    def _of_one_seed(self, function: Callable[..., T], tensors: dict[str, Tensor], *inputs: Tensor) -> Any:
        return functional_call(self._whole, tensors, (function, *inputs))

    def _of_all_seeds(self, function: Callable[..., T], tensors: dict[str, Tensor], *inputs: Tensor) -> Any:
        return all_at_once(function)(tensors, *inputs)

    def update(self, player: str, loss: Tensor) -> None:
        """One Adam step of every seed, by its own Adam where seeds take turns.

        Adam's kernel rounds the last few elements of a tensor in another way than the rest.
        """
        if self.batched:
            super().update(player, loss)
            return
        wholes = list(self.players[player].parameters())
        for whole in wholes:
            whole.grad = None
        loss.sum().backward()  # type: ignore[no-untyped-call]
        for i, member in enumerate(self.members):
            for own, whole in zip(member.players[player].parameters(), wholes, strict=True):
                own.grad = None if whole.grad is None else torch.empty_like(own).copy_(whole.grad[i])
            member.optimisers[player].step()

    def arrange(self, images: Tensor) -> Tensor:
        """Images (S, B, C, H, W), each seed's in the layout of the lone run."""
        return images.movedim(2, -1).contiguous().movedim(-1, 2)

    def random(self, function: Callable[[torch.Generator], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """Every seed draws from its own generator, as it does alone."""

        def draw() -> tuple[Tensor, ...]:
            draws = [function(member.rng) for member in self.members]
            return tuple(stacked(drawn) for drawn in zip(*draws, strict=True))

        return self.fed(draw)

    def rest(self, player: str) -> None:
        """No gradients. Weights are normalised again in each pass, which gives the same values."""
        self.players[player].requires_grad_(False)

    def wake(self, player: str) -> None:
        """Gradients again."""
        self.players[player].requires_grad_(True)

    def commit(self) -> None:
        """Store the spectral-norm vectors of all seeds."""
        self.evaluate(self._commit_one)

    def renew(self, player: str) -> None:
        """Every seed draws the player anew from its own generator."""
        for member in self.members:
            member.renew(player)
        self._adopt_optimiser(player)

    def set_learning_rates(self, iteration: int) -> None:
        """Those of the members too: they are part of their states."""
        super().set_learning_rates(iteration)
        for member in self.members:
            member.set_learning_rates(iteration)

    def _commit_one(self) -> tuple[()]:
        for net in self.players.values():
            commit(net)
        return ()

    def _adopt_optimiser(self, player: str) -> None:
        """One Adam for all seeds, which have made the same number of steps."""
        if not self.batched:
            return
        self.optimisers[player] = self.new_optimiser(player)
        ours, *theirs = (_adam_states(trainable.optimisers[player]) for trainable in (self, *self.members))
        for state, *parts in zip(ours, *theirs, strict=True):
            for key in ("exp_avg", "exp_avg_sq"):
                _merge(state[key], [part[key] for part in parts], dense=True)
            state["step"].copy_(parts[0]["step"])
            for part in parts:
                part["step"] = state["step"]


class _Whole(nn.ModuleDict):
    """All players as one module, so that their tensors can be replaced for the time of a call."""

    def forward(self, function: Callable[..., T], *inputs: Tensor) -> T:
        return function(*inputs)


def _adam_states(optimiser: torch.optim.Optimizer) -> list[dict[str, Tensor]]:
    """The state of each parameter, made as Adam makes it where there was no step yet."""
    parameters = optimiser.param_groups[0]["params"]
    for parameter in parameters:
        if not optimiser.state[parameter]:
            optimiser.state[parameter] = {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return [optimiser.state[parameter] for parameter in parameters]


def _merge(whole: Tensor, parts: Sequence[Tensor], dense: bool) -> None:
    """Make ``whole`` the stack of ``parts``, and these views into it."""
    whole.data = stacked(parts, dense)
    for view, part in zip(whole.data, parts, strict=True):
        part.data = view

"""Two ways to map a function of one seed's tensors over a stack of seeds.

* :func:`all_at_once`: ``torch.vmap``, which makes grouped convolutions and batched products. One kernel
  serves all seeds, as a GPU likes it; its sums run in another order than those of a lone run.
* :func:`in_turn`: one seed after the other, by the kernels of a lone run and with the memory layout and
  alignment that tensors have there (kernels sum in an order that depends on both), so that the numbers are
  the same to the last bit. On a CPU grouped kernels are no faster.

A mapped function takes a dictionary of tensors and further tensors, all with the seeds in front. It returns
what the function does (a tensor, or tuples and dictionaries of tensors) with the seeds in front. What it
changes in place, such as the moving statistics of batch norm, is changed in the tensors that were given.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

Function = Callable[..., Any]
ALIGNED = 64
"""Elements: at least the 64 bytes to which memory is aligned when it is allocated."""


def all_at_once(function: Function) -> Function:
    """All seeds at once."""
    return torch.vmap(function)


def in_turn(function: Function) -> Function:
    """One seed after the other."""

    def mapped(tensors: dict[str, Tensor], *inputs: Tensor) -> Any:
        owned = zip(*(tensor.unbind() for tensor in tensors.values()), strict=True)
        seeds = [dict(zip(tensors, values, strict=True)) for values in owned]
        split: list[Sequence[Tensor]] = [_Split.apply(x) for x in inputs]  # type: ignore[no-untyped-call]
        results = [function(own, *(parts[i] for parts in split)) for i, own in enumerate(seeds)]
        return _join(results)

    return mapped


def stacked(parts: Sequence[Tensor], dense: bool = False) -> Tensor:
    """The stack of ``parts``, each laid out in memory as it was, and aligned unless ``dense``."""
    first = parts[0].detach()
    extent = 1 + sum((size - 1) * stride for size, stride in zip(first.shape, first.stride(), strict=True))
    room = extent if dense else -(-extent // ALIGNED) * ALIGNED
    whole = first.new_empty_strided((len(parts), *first.shape), (room, *first.stride()))
    for view, part in zip(whole, parts, strict=True):
        view.copy_(part.detach())
    return whole


def _join(results: Sequence[Any]) -> Any:
    first = results[0]
    if isinstance(first, Tensor):
        return _Join.apply(*results)  # type: ignore[no-untyped-call]
    if isinstance(first, dict):
        return {key: _join([result[key] for result in results]) for key in first}
    return tuple(_join(column) for column in zip(*results, strict=True))


class _Join(torch.autograd.Function):
    """``torch.stack`` that keeps the layout of its parts."""

    @staticmethod
    def forward(ctx: FunctionCtx, *parts: Tensor) -> Tensor:
        return stacked(parts)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, ...]:
        return grad.unbind()


class _Split(torch.autograd.Function):
    """``unbind`` whose gradient keeps the layout of its parts."""

    @staticmethod
    def forward(ctx: FunctionCtx, whole: Tensor) -> tuple[Tensor, ...]:
        return whole.unbind()

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> Tensor:
        return stacked(grads)

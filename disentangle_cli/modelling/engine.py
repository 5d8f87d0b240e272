"""What the iteration of a model is given: how its passes, updates and draws are carried out.

A model says what one seed computes. Whether that is one seed or a stack of them, by stock kernels or compiled
ones, kernel by kernel or by a CUDA graph, is the business of the engine; the numbers are the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
Draw = Callable[[torch.Generator], tuple[Tensor, ...]]
"""Draws tensors on the host from a generator."""


class Engine(ABC):
    """Carries out the parts of an iteration. Networks and optimisers are named as in the model."""

    @abstractmethod
    def evaluate(self, function: Callable[..., T], *inputs: Tensor) -> T:
        """The value of a function of one seed's networks, a method of the model, at ``inputs``.

        Its results are tensors, or dictionaries and tuples of them.
        """

    @abstractmethod
    def update(self, optimiser: str, loss: Tensor) -> None:
        """One step of an optimiser down the gradient of ``loss``."""

    @abstractmethod
    def random(self, draw: Draw) -> tuple[Tensor, ...]:
        """What ``draw`` gives with the generator of the run, on the model's device."""

    @abstractmethod
    def frozen(self, *players: str) -> AbstractContextManager[None]:
        """Inside, these networks are constants without gradients."""

    @abstractmethod
    def commit(self) -> None:
        """Store the spectral-norm vectors of all players: once per iteration, after all updates."""

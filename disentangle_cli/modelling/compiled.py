"""``torch.compile`` for the functions that an iteration evaluates: networks and losses, forward and backward.

Each function is one graph (:mod:`disentangle_cli.models.infogan` writes them so), in which small operations
are fused. On a GPU, where starting kernels limits networks this small, that is what counts.
"""

from collections.abc import Callable, Hashable
from functools import cache, partial
from typing import Any

import torch

from disentangle_cli import output

Function = Callable[..., Any]
VARIANTS = 64
"""How many versions of one function may be compiled: they differ in schedules, frozen players and batch."""


class Compiler:
    """Compiles each function that it is asked for once, and remembers it.

    Functions are told apart by what they are and by the constants that ``functools.partial`` binds to them.
    """

    def __init__(self, backend: str = "inductor") -> None:
        self.backend = backend
        self._made: dict[Hashable, Function] = {}
        limits = torch._dynamo.config
        limits.cache_size_limit = max(VARIANTS, limits.cache_size_limit)

    def __call__(self, function: Function) -> Function:
        """``function`` with kernels of its own."""
        key = _identity(function)
        if key not in self._made:
            self._made[key] = torch.compile(function, backend=self.backend, dynamic=False)
        return self._made[key]


def usable_compiler(device: torch.device) -> Compiler | None:
    """A compiler for ``device``; None where nothing can be compiled, of which a warning tells once."""
    return Compiler() if can_compile(device) else None


@cache
def can_compile(device: torch.device) -> bool:
    """Whether a small trial succeeds: one trial serves all runs of a process."""
    try:
        torch.compile(lambda x: x.sin() + 1, dynamic=False)(torch.zeros(8, device=device))
    except Exception as error:  # of many kinds: no C++ compiler, no Triton, a GPU that is too old
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        output.warn(f"--compile: going on with stock kernels, as nothing can be compiled here: {reason}")
        return False
    return True


def _identity(function: Function) -> Hashable:
    if isinstance(function, partial):
        parts = (*map(_identity, function.args),)
        return (_identity(function.func), parts, tuple(sorted(function.keywords.items())))
    return function

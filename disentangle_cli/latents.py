"""The latent specification: ordered blocks of codes and noise, their priors and their names.

A *code* is a latent dimension that training ties to one property (regularised); *noise* is not.
Dimensions are named ``c1..cK`` (codes) and ``z1..`` (noise) in their order over all blocks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import did_you_mean

KINDS = ("uniform", "normal", "grid")
MAX_DIM = 100_000
MAX_VALUE = 1e6


@cache
def _constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Made once per device: a CUDA graph cannot fetch it from the host."""
    return torch.tensor(values, dtype=dtype, device=device)


@dataclass(frozen=True)
class Block:
    """``dim`` latent dimensions with one independent prior each.

    Attributes:
        name: label of the block in files; dimension names do not depend on it.
        kind: ``uniform`` on [low, high], ``normal`` with ``mean`` and ``std``, or ``grid``: equally
            likely ``values``.
        dim: number of dimensions, at least 1.
        code: true for regularised codes, false for noise.
        low, high: ends of a uniform prior.
        mean, std: of a normal prior.
        values: support of a grid prior, ascending.
    """

    name: str
    kind: str
    dim: int
    code: bool
    low: float = -1.0
    high: float = 1.0
    mean: float = 0.0
    std: float = 1.0
    values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(
                f"latent block {self.name!r}: kind {self.kind!r} is not one of {', '.join(KINDS)}"
                f"{did_you_mean(self.kind, KINDS)}"
            )
        if not 1 <= self.dim <= MAX_DIM:
            raise UsageError(f"latent block {self.name!r}: dim must be from 1 to {MAX_DIM}, not {self.dim}")
        numbers = (self.low, self.high, self.mean, self.std, *self.values)
        if not all(abs(number) <= MAX_VALUE for number in numbers):  # NaN is not, either
            raise UsageError(
                f"latent block {self.name!r}: numbers must be from {-MAX_VALUE:g} to {MAX_VALUE:g}"
            )
        if self.kind == "uniform" and not self.low < self.high:
            raise UsageError(f"latent block {self.name!r}: low must be below high")
        if self.kind == "normal" and not self.std > 0:
            raise UsageError(f"latent block {self.name!r}: std must be positive")
        if self.kind == "grid" and (len(self.values) < 2 or list(self.values) != sorted(set(self.values))):
            raise UsageError(f"latent block {self.name!r}: a grid needs at least two ascending values")

    def from_uniform(self, u: Tensor) -> Tensor:
        """Map uniform numbers in [0, 1) to draws of this prior, elementwise (inverse transform)."""
        if self.kind == "uniform":
            return self.low + (self.high - self.low) * u
        if self.kind == "normal":
            # keep away from 0 and 1, where the inverse is infinite; 2**-25 is half a float32 step
            inside = u.double().clamp(min=2.0**-25, max=1 - 2.0**-25)
            normal: Tensor = torch.special.ndtri(inside).to(u.dtype)
            return self.mean + self.std * normal
        grid = _constant(self.values, u.dtype, u.device)
        return grid[(u * len(self.values)).long().clamp(max=len(self.values) - 1)]

    def nearest(self, x: Tensor) -> Tensor:
        """``x`` on the support of the prior, elementwise: the nearest grid value; other kinds keep theirs."""
        if self.kind != "grid":
            return x
        grid = _constant(self.values, x.dtype, x.device)
        between = (grid[1:] + grid[:-1]) / 2
        return grid[torch.bucketize(x.contiguous(), between)]

    @property
    def range(self) -> tuple[float, float]:
        """The interval a traversal covers: the support, or mean plus and minus two standard deviations."""
        if self.kind == "normal":
            return self.mean - 2 * self.std, self.mean + 2 * self.std
        return (self.low, self.high) if self.kind == "uniform" else (self.values[0], self.values[-1])

    @property
    def centre(self) -> float:
        """The prior mean (for a grid, the value nearest to it)."""
        if self.kind == "normal":
            return self.mean
        if self.kind == "uniform":
            return (self.low + self.high) / 2
        average = sum(self.values) / len(self.values)
        return min(self.values, key=lambda value: abs(value - average))

    def to_json(self) -> dict[str, Any]:
        """The block as JSON types, only the parameters its kind has."""
        parameters: dict[str, dict[str, Any]] = {
            "uniform": {"low": self.low, "high": self.high},
            "normal": {"mean": self.mean, "std": self.std},
            "grid": {"values": list(self.values)},
        }
        common = {"name": self.name, "kind": self.kind, "dim": self.dim, "code": self.code}
        return common | parameters[self.kind]


class Latents(tuple[Block, ...]):
    """The blocks in their order, with everything that follows from it.

    Shapes below: ``L`` is the number of all dimensions, ``K`` the number of codes.

    Raises:
        UsageError: no block is a code.
    """

    def __new__(cls, blocks: Iterable[Block]) -> Self:
        """The blocks are kept as they are."""
        latents = super().__new__(cls, blocks)
        if not latents.num_codes:
            raise UsageError("the latents have no code (a block with code: true)")
        return latents

    def __repr__(self) -> str:
        return f"Latents({list(self)!r})"

    @property
    def dim(self) -> int:
        """L, the number of all latent dimensions."""
        return sum(block.dim for block in self)

    @property
    def num_codes(self) -> int:
        """K, the number of codes."""
        return sum(block.dim for block in self if block.code)

    @cached_property
    def columns(self) -> list[Block]:
        """The block of each of the L dimensions."""
        return [block for block in self for _ in range(block.dim)]

    @cached_property
    def code_columns(self) -> list[int]:
        """Which of the L dimensions are codes, in order."""
        return [i for i, block in enumerate(self.columns) if block.code]

    @cached_property
    def names(self) -> list[str]:
        """One name per dimension: ``c1..cK`` for codes, ``z1..`` for noise."""
        counts = {True: 0, False: 0}
        names = []
        for block in self.columns:
            counts[block.code] += 1
            names.append(f"{'c' if block.code else 'z'}{counts[block.code]}")
        return names

    def column(self, name: str) -> int:
        """The dimension called ``name``.

        Raises:
            UsageError: there is none.
        """
        if name not in self.names:
            listed = f"{', '.join(self.names)}{did_you_mean(name, self.names)}"
            raise UsageError(f"no latent is called {name!r}; this model has {listed}")
        return self.names.index(name)

    def centre(self) -> Tensor:
        """The prior mean: (L,) float32."""
        return torch.tensor([block.centre for block in self.columns])

    def from_uniform(self, u: Tensor) -> Tensor:
        """Map u: (..., L) uniform on [0, 1) to draws of the prior, same shape."""
        parts = torch.split(u, [block.dim for block in self], dim=-1)
        return torch.cat([block.from_uniform(p) for block, p in zip(self, parts, strict=True)], -1)

    def nearest(self, x: Tensor) -> Tensor:
        """x: (..., L) with every grid dimension at the nearest of its values, same shape."""
        if all(block.kind != "grid" for block in self):
            return x
        parts = torch.split(x, [block.dim for block in self], dim=-1)
        return torch.cat([block.nearest(p) for block, p in zip(self, parts, strict=True)], -1)

    def sample(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw from the prior: (n, L) float32 on the CPU."""
        return self.from_uniform(torch.rand(n, self.dim, generator=rng))

    def to_json(self) -> list[dict[str, Any]]:
        """All blocks as JSON types."""
        return [block.to_json() for block in self]

    @classmethod
    def from_json(cls, blocks: Any) -> "Latents":
        """Read what :meth:`to_json` wrote.

        Raises:
            UsageError: it is not a list of well-formed blocks.
        """
        if not isinstance(blocks, list) or not blocks or not all(isinstance(b, dict) for b in blocks):
            raise UsageError("latents must be a non-empty list of blocks")
        return cls([_read_block(block) for block in blocks])


_TYPES = {"name": str, "kind": str, "dim": int, "code": bool}


def _read_block(block: dict[str, Any]) -> Block:
    fields = dict(block)
    for key, kind in _TYPES.items():
        if type(fields.get(key)) is not kind:
            raise UsageError(f"a latent block needs {key!r} of type {kind.__name__}")
    unknown = fields.keys() - {"low", "high", "mean", "std", "values"} - _TYPES.keys()
    if unknown:
        raise UsageError(f"latent block {fields['name']!r}: unknown key {sorted(map(str, unknown))[0]!r}")
    if "values" in fields:
        values = fields["values"]
        if not isinstance(values, list | tuple) or not all(_is_number(value) for value in values):
            raise UsageError(f"latent block {fields['name']!r}: values must be finite numbers")
        fields["values"] = tuple(float(value) for value in values)
    for key in sorted(fields.keys() & {"low", "high", "mean", "std"}):
        if not _is_number(fields[key]):
            raise UsageError(f"latent block {fields['name']!r}: {key} must be a finite number")
        fields[key] = float(fields[key])
    return Block(**fields)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_VALUE

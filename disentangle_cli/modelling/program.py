"""A generator as a short list of plain operations, which any language can carry out.

A program works on one latent at a time. Register 0 holds the latent (L,), each operation writes the next
register, the last one holds the image (C, H, W). Weights are one buffer of bytes.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Width = Literal["float16", "float32"]
SMALL = 4096
"""Weights of at most so many numbers (biases, norms) are float32 in any case."""

FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "relu": lambda x: F.relu(x),
    "leaky_relu": lambda x, slope: F.leaky_relu(x, slope),
    "elu": lambda x, alpha, scale, input_scale: torch.where(
        x > 0, x * scale, alpha * scale * torch.expm1(x * input_scale)
    ),
    "clamp": lambda x, low, high: x.clamp(low, high),
    "softplus": lambda x, beta, threshold: F.softplus(x, beta, threshold),
    "gelu": lambda x: F.gelu(x),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": lambda x: F.silu(x),
    "mish": lambda x: F.mish(x),
    "hardswish": lambda x: F.hardswish(x),
    "hardsigmoid": lambda x: F.hardsigmoid(x),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "abs": torch.abs,
    "neg": torch.neg,
    "sin": torch.sin,
    "cos": torch.cos,
}
"""Functions of one number and constants, applied to each number of a register."""

PAIRS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
}
"""Functions of two registers of one shape."""


@dataclass(frozen=True)
class Step:
    """One operation: what it does, the registers that it reads, the shape (1, ...) of what it writes.

    ``weights`` are places in the program's list, None where an operation has no such weight;
    ``options`` are JSON types. Linear maps, convolutions and resizing name the shape that they read as
    ``input``; to all others a register is a row of numbers.
    """

    name: str
    reads: tuple[int, ...]
    shape: tuple[int, ...]
    weights: tuple[int | None, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Program:
    """Operations, their weights (float32, or int32 for indices) and the shape (C, H, W) of images."""

    steps: Sequence[Step]
    weights: Sequence[Tensor]
    image_shape: tuple[int, ...]

    def run(self, latent: Tensor) -> Tensor:
        """(L,) float32 -> (C, H, W): what each operation means."""
        registers = [latent]
        for step in self.steps:
            found = _carry_out(step, [registers[i] for i in step.reads], self._weights_of(step))
            registers.append(found.reshape(step.shape))
        return registers[-1].reshape(self.image_shape)

    def _weights_of(self, step: Step) -> list[Tensor | None]:
        return [None if i is None else self.weights[i] for i in step.weights]

    def rounded(self, width: Width) -> "Program":
        """The same with large weights as ``width`` keeps them."""
        if width == "float32":
            return self
        weights = [w.half().float() if _is_half(w, width) else w for w in self.weights]
        return Program(self.steps, weights, self.image_shape)

    @property
    def work(self) -> int:
        """Multiplications of one image, by linear maps and convolutions."""
        return sum(self._work_of(step) for step in self.steps)

    def _work_of(self, step: Step) -> int:
        if step.name not in ("linear", "convolution", "transposed"):
            return 0
        weight = self.weights[step.weights[0] or 0]
        inputs: Sequence[int] = step.options["input"]
        if step.name == "linear":
            return weight.numel() * math.prod(inputs[:-1])
        return weight.numel() * math.prod(step.shape[2:] if step.name == "convolution" else inputs[1:])

    def size(self, width: Width) -> int:
        """Bytes of the weights, before they are text."""
        return sum(w.numel() * (2 if _is_half(w, width) else 4) for w in self.weights)

    def to_json(self, width: Width) -> dict[str, Any]:
        """Operations, where each weight lies, and all weights as base64, little endian."""
        places, buffer = [], bytearray()
        for weight in self.weights:
            kind = "i4" if weight.dtype == torch.int32 else "f2" if _is_half(weight, width) else "f4"
            places.append([kind, len(buffer), weight.numel()])
            buffer += weight.numpy().astype(f"<{kind}").tobytes()
            buffer += bytes(-len(buffer) % 4)
        steps = [
            {
                "name": step.name,
                "reads": step.reads,
                "shape": step.shape,
                "weights": step.weights,
                **step.options,
            }
            for step in self.steps
        ]
        return {"steps": steps, "weights": places, "bytes": base64.b64encode(buffer).decode()}


def _is_half(weight: Tensor, width: Width) -> bool:
    return width == "float16" and weight.dtype == torch.float32 and weight.numel() > SMALL


def _carry_out(step: Step, reads: list[Tensor], weights: list[Any]) -> Tensor:
    given = step.options
    x = reads[0].reshape(given["input"]) if "input" in given else reads[0]
    found: Tensor
    match step.name:
        case "linear":
            found = F.linear(x, *weights)
        case "convolution" | "transposed":
            kernel, bias = weights
            found = torch.convolution(
                x[None], kernel, bias, given["stride"], given["padding"], given["dilation"],
                step.name == "transposed", given["beyond"], given["groups"],
            )  # fmt: skip
        case "affine":  # number i meets constant (i // inner) modulo the number of constants
            factor, shift = weights
            found = x.reshape(-1, len(shift if factor is None else factor), given["inner"])
            found = found if factor is None else found * factor[:, None]
            found = found if shift is None else found + shift[:, None]
        case "gather":  # an index beyond the last number stands for ``fill``
            found = F.pad(x.flatten(), (0, 1), value=given["fill"])[weights[0]]
        case "join":
            found = torch.cat([part.flatten() for part in (*reads, *weights) if part is not None])
        case "normalise":  # groups of numbers that follow each other: mean 0, variance 1
            groups = x.reshape(given["groups"], -1)
            spread, mean = torch.var_mean(groups, dim=1, correction=0, keepdim=True)
            found = (groups - mean) / (spread + given["eps"]).sqrt()
        case "resize":  # each channel between a matrix for rows and one for columns
            found = weights[0] @ x @ weights[1].T
        case name if name in PAIRS:
            found = PAIRS[name](reads[0].flatten(), reads[1].flatten())
        case name:
            found = FUNCTIONS[name](x, *given["constants"])
    return found

"""Compare the gradients of the fast training path with the plain one, at states along a training.

Plain: stock convolutions in the default memory layout. Each player's gradient (H, D with Q, G) is taken at
the same weights and on the same draws. Stated per player: the worst cosine similarity, and the median and the
worst relative error ‖found − expected‖ / ‖expected‖ over all states, for float64 and float32 against plain in
the same precision, and for bfloat16 (emulated by `_bf16.py` where the processor has none) against plain
float32. What rounding does by itself: plain float32 with channels last against plain float32, and both
float32 paths against plain float64.

Two things make more of rounding than it is. A ReLU has a kink at 0: an input that rounding carries across it
changes the gradient by a finite amount. In "same sides" every ReLU takes each input to be on the side that it
has in plain float64. And stock convolutions sum the gradient of a bias less exactly than torch does
elsewhere; in "bias apart" the bias is added after the convolution.

    python benchmarks/gradients.py --dataset dsprites --states 10 --every 20
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from statistics import median
from typing import Any

import _bf16
import _report
import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle_cli.datasets import open_dataset
from disentangle_cli.devices import use_bf16
from disentangle_cli.modelling.engine import Draw
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.models.infogan_cr import InfoGanCr, InfoGanCrConfig
from disentangle_cli.networks import layers
from disentangle_cli.settings import validate
from disentangle_cli.training.feed import Feed

CPU = torch.device("cpu")
SETTINGS: dict[str, Any] = {
    "architecture": "infogan-64", "batch_size": 64, "generator_steps": 1, "iterations": 100_000,
    "latents": {"codes": {"kind": "uniform", "dim": 5}, "noise": {"kind": "uniform", "dim": 5}},
    "contrastive": {"weight": {"start": 1.0}},
}  # fmt: skip
PAIRS = [
    ("fast float64", "plain float64"),
    ("fast float32", "plain float32"),
    ("plain float32, channels last", "plain float32"),
    ("plain float32", "plain float64"),
    ("fast float32", "plain float64"),
    ("fast float32, same sides", "plain float32, same sides"),
    ("fast float32, same sides", "plain float32, same sides, bias apart"),
    ("fast bfloat16", "plain float32"),
]


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """New tensors are of this type inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Recorder(LoneEngine):
    """Keeps each player's gradient and moves nobody, so that all are taken at one state."""

    def __init__(self, model: InfoGanCr) -> None:
        super().__init__(model)
        self.recorded: dict[str, Tensor] = {}

    def random(self, draw: Draw) -> tuple[Tensor, ...]:
        """Draws of float32 in every precision: a generator gives other numbers in float64."""
        dtype = torch.get_default_dtype()
        with default_dtype(torch.float32):
            drawn = super().random(draw)
        return tuple(x.to(dtype) if x.is_floating_point() else x for x in drawn)

    def update(self, optimiser: str, loss: Tensor) -> None:
        """In place of an optimiser's step; it has the name of its player."""
        self.model.optimisers[optimiser].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        grads = [parameter.grad for parameter in self.model.players[optimiser].parameters()]
        self.recorded[optimiser] = torch.cat([grad.flatten().double() for grad in grads if grad is not None])


@contextmanager
def stock_operators(layout: torch.memory_format, bias_apart: bool = False) -> Iterator[None]:
    """The layers on PyTorch's own convolutions, all operands in ``layout``."""
    fast = layers.conv_s2, layers.transposed_conv_s2

    def laid(*operands: Tensor) -> list[Tensor]:
        return [operand.contiguous(memory_format=layout) for operand in operands]

    def conv(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
        if bias is None or not bias_apart:
            return F.conv2d(*laid(x, weight), bias, stride=2, padding=padding)
        return F.conv2d(*laid(x, weight), stride=2, padding=padding) + bias.view(-1, 1, 1)

    def transposed(x: Tensor, weight: Tensor, padding: int) -> Tensor:
        return F.conv_transpose2d(*laid(x, weight), stride=2, padding=padding)

    layers.conv_s2, layers.transposed_conv_s2 = conv, transposed
    try:
        yield
    finally:
        layers.conv_s2, layers.transposed_conv_s2 = fast


class Sides:
    """Whether the inputs of all ReLUs of a step are positive: kept in one step, imposed on the next ones."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Keep the sides if there are none yet, impose them otherwise."""
        imposed = iter(self.kept) if self.kept else None
        stock = F.relu, F.leaky_relu

        def leaky(x: Tensor, negative_slope: float = 0.0, inplace: bool = False) -> Tensor:
            positive = x.detach() > 0
            if imposed is None:
                self.kept.append(positive)
            else:
                positive = next(imposed)
            return torch.where(positive, x, negative_slope * x)

        F.relu, F.leaky_relu = leaky, leaky
        try:
            yield
        finally:
            F.relu, F.leaky_relu = stock


def gradients(
    state: dict[str, Any],
    images: Tensor,
    dtype: torch.dtype,
    stock: AbstractContextManager[None] | None = None,
    sides: Sides | None = None,
) -> dict[str, Tensor]:
    """Each player's gradient at ``state``, flat, float64; by the fast path, or by ``stock`` operators."""
    config = validate(InfoGanCrConfig, SETTINGS, "benchmark")
    bf16 = dtype is torch.bfloat16
    with default_dtype(torch.float32 if bf16 else dtype):
        model = InfoGanCr(config, (1, 64, 64), 0, CPU, bf16)
        model.restore(state)
        recorder = Recorder(model)
        arithmetic = _bf16.as_in_hardware() if bf16 else nullcontext()
        with stock or nullcontext(), arithmetic, sides() if sides else nullcontext():
            recorder.step(images[None].to(torch.get_default_dtype()), 0)
    return recorder.recorded


def compared(state: dict[str, Any], images: Tensor) -> Iterator[tuple[str, str, str, float, float]]:
    """Player, what is compared with what, cosine similarity and relative error at one state."""
    double, single, sides = torch.float64, torch.float32, Sides()
    plain, last = torch.contiguous_format, torch.channels_last
    found = {
        "plain float64": gradients(state, images, double, stock_operators(plain), sides),
        "plain float32": gradients(state, images, single, stock_operators(plain)),
        "plain float32, channels last": gradients(state, images, single, stock_operators(last)),
        "plain float32, same sides": gradients(state, images, single, stock_operators(plain), sides),
        "plain float32, same sides, bias apart": gradients(
            state, images, single, stock_operators(plain, bias_apart=True), sides
        ),
        "fast float64": gradients(state, images, double),
        "fast float32": gradients(state, images, single),
        "fast float32, same sides": gradients(state, images, single, sides=sides),
        "fast bfloat16": gradients(state, images, torch.bfloat16),
    }
    for name, against in PAIRS:
        for player, expected in found[against].items():
            gradient = found[name][player]
            cosine = float(F.cosine_similarity(gradient, expected, dim=0))
            yield player, name, against, cosine, float((gradient - expected).norm() / expected.norm())


def main() -> None:
    """Train, stop at each state, compare."""
    parser = _report.parser(__doc__)
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--states", type=int, default=10, help="how many")
    parser.add_argument("--every", type=int, default=20, help="iterations from one to the next")
    options = parser.parse_args()
    dataset = open_dataset(options.dataset)
    config = validate(InfoGanCrConfig, SETTINGS, "benchmark")
    # between the states it trains as a run on this machine would
    model = InfoGanCr(config, dataset.image_shape, 0, CPU, use_bf16("auto", CPU))
    engine = LoneEngine(model)
    feed = Feed(dataset, SETTINGS["batch_size"], 0, CPU)
    seen: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for iteration in range(options.states * options.every):
        engine.step(feed.images(feed.rows(iteration))[None], iteration)
        if (iteration + 1) % options.every:
            continue
        images = feed.images(feed.rows(iteration + 1))
        for player, name, against, *measured in compared(model.state(), images):
            seen.setdefault((name, against), {}).setdefault(player, []).append(measured)
    rows, numbers = [], []
    for (name, against), players in seen.items():
        row, cosines = [name, against], []
        for player, measured in players.items():
            of_player, errors = (list(kept) for kept in zip(*measured, strict=True))
            cosines.append(f"{min(of_player):.7f}")
            row.append(f"{median(errors):.1e}, {max(errors):.1e}")
            numbers.append({"player": player, "gradient": name, "against": against, "cosines": of_player,
                            "relative_errors": errors})  # fmt: skip
        rows.append([*row, ", ".join(cosines)])
    columns = ["gradient", "against", *(f"{player}: median, worst" for player in players), "worst cosines"]
    content = {"states": options.states, "every": options.every, "compared": numbers}
    _report.publish(options, _report.table(columns, rows), **content)


if __name__ == "__main__":
    main()

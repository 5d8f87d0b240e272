"""Compare the gradients of the fast training path with the plain one, at states along a training.

Plain: stock convolutions in the default memory layout. Each player's gradient (H, D with Q, G) is taken at
the same weights and on the same draws. Stated per player: the worst cosine similarity and the worst relative
error ‖fast − plain‖ / ‖plain‖ over all states, for float64 and float32 against plain in the same precision,
and for bfloat16 (emulated by `_bf16.py` where the processor has none) against plain float32. "layout": plain
float32 with channels last, what rounding does.

    python benchmarks/gradients.py --dataset dsprites --states 10 --every 20
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import _bf16
import _report
import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle_cli.config import validate
from disentangle_cli.datasets import open_dataset
from disentangle_cli.devices import use_bf16
from disentangle_cli.models.infogan_cr import InfoGanCr, InfoGanCrConfig
from disentangle_cli.models.networks import _layers
from disentangle_cli.training._feed import Feed

CPU = torch.device("cpu")
SETTINGS: dict[str, Any] = {
    "architecture": "infogan-64", "batch_size": 64, "generator_steps": 1, "iterations": 100_000,
    "latents": {"codes": {"kind": "uniform", "dim": 5}, "noise": {"kind": "uniform", "dim": 5}},
    "contrastive": {"weight": {"start": 1.0}},
}  # fmt: skip


class Recorder(InfoGanCr):
    """Keeps each player's gradient and moves nobody, so that all are taken at one state."""

    recorded: dict[str, Tensor]

    def update(self, player: str, loss: Tensor) -> None:
        """In place of an optimiser's step."""
        self.optimisers[player].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        grads = [parameter.grad for parameter in self.players[player].parameters()]
        self.recorded[player] = torch.cat([grad.flatten().double() for grad in grads if grad is not None])


@contextmanager
def stock_operators(layout: torch.memory_format) -> Iterator[None]:
    """The layers on PyTorch's own convolutions, all operands in ``layout``."""
    fast = _layers.conv_s2, _layers.transposed_conv_s2

    def laid(*operands: Tensor) -> list[Tensor]:
        return [operand.contiguous(memory_format=layout) for operand in operands]

    def conv(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
        return F.conv2d(*laid(x, weight), bias, stride=2, padding=padding)

    def transposed(x: Tensor, weight: Tensor, padding: int) -> Tensor:
        return F.conv_transpose2d(*laid(x, weight), stride=2, padding=padding)

    _layers.conv_s2, _layers.transposed_conv_s2 = conv, transposed
    try:
        yield
    finally:
        _layers.conv_s2, _layers.transposed_conv_s2 = fast


def gradients(
    state: dict[str, Any], images: Tensor, dtype: torch.dtype, layout: torch.memory_format | None = None
) -> dict[str, Tensor]:
    """Each player's gradient at ``state``, flat, float64; with a ``layout`` by the stock operators."""
    config = validate(InfoGanCrConfig, SETTINGS, "benchmark")
    bf16 = dtype is torch.bfloat16
    torch.set_default_dtype(torch.float32 if bf16 else dtype)
    try:
        model = Recorder(config, (1, 64, 64), 0, CPU, bf16)
        model.restore(state)
        model.recorded = {}
        operators = stock_operators(layout) if layout else nullcontext()
        with operators, _bf16.as_in_hardware() if bf16 else nullcontext():
            model.step(images.to(torch.get_default_dtype()), 0)
    finally:
        torch.set_default_dtype(torch.float32)
    return model.recorded


def compared(state: dict[str, Any], images: Tensor) -> Iterator[tuple[str, str, float, float]]:
    """Player, precision, cosine similarity and relative error at one state."""
    plain, last = torch.contiguous_format, torch.channels_last
    reference = {dtype: gradients(state, images, dtype, plain) for dtype in (torch.float64, torch.float32)}
    others = {
        "float64": (torch.float64, gradients(state, images, torch.float64)),
        "float32": (torch.float32, gradients(state, images, torch.float32)),
        "float32, layout": (torch.float32, gradients(state, images, torch.float32, last)),
        "bfloat16": (torch.float32, gradients(state, images, torch.bfloat16)),
    }
    for precision, (against, found) in others.items():
        for player, gradient in found.items():
            expected = reference[against][player]
            cosine = float(F.cosine_similarity(gradient, expected, dim=0))
            yield player, precision, cosine, float((gradient - expected).norm() / expected.norm())


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
    feed = Feed(dataset, SETTINGS["batch_size"], 0, CPU)
    worst: dict[tuple[str, str], list[float]] = {}
    for iteration in range(options.states * options.every):
        model.step(feed.batch(iteration), iteration)
        if (iteration + 1) % options.every:
            continue
        images = feed.batch(iteration + 1)
        for player, precision, cosine, error in compared(model.state(), images):
            kept = worst.setdefault((player, precision), [1.0, 0.0])
            kept[:] = min(kept[0], cosine), max(kept[1], error)
    rows = [
        [player, precision, f"{cosine:.7f}", f"{error:.1e}"]
        for (player, precision), (cosine, error) in worst.items()
    ]
    columns = ["player", "precision", "worst cosine", "worst relative error"]
    _report.publish(options, _report.table(columns, rows), states=options.states, every=options.every)


if __name__ == "__main__":
    main()

"""Iterations x seeds per second of stacked training beside one seed alone, in one run, synthetic images.

    python benchmarks/stack.py --out stack.json --markdown stack.md
    python benchmarks/stack.py --device cuda --kernels batched --seeds 1,10,50 --precision bf16

`side by side` is what `--stack` does on a CPU, `batched` what it does on a GPU; both run on either. On a GPU
all sides run by CUDA graphs, as they do in `dcr train`, and one seed alone without them is timed, too.
Iterations of all sides take turns, so that a slow moment of the machine meets all of them; medians count.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import _report
import numpy as np
import torch

from disentangle_cli.devices import keep_freed_memory, make_deterministic, pick_device, use_bf16
from disentangle_cli.modelling.engines import Steps
from disentangle_cli.modelling.graph import WARM_UP, IterationGraph
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.side_by_side import SideBySide
from disentangle_cli.modelling.stack_engine import StackEngine
from disentangle_cli.modelling.trainable import MODELS, Trainable
from disentangle_cli.settings import validate

WEIGHTS = {"before CR": 0.0, "with CR": 2.0}


def make(seed: int, weight: float, options: argparse.Namespace, device: torch.device) -> Trainable[Any]:
    """A fresh InfoGAN-CR for 64x64 images, as in the preset `paper`."""
    latents = {"codes": {"kind": "uniform", "dim": 5}, "noise": {"kind": "uniform", "dim": 5}}
    settings = {
        "architecture": "infogan-64", "iterations": 1000, "batch_size": options.batch, "latents": latents,
        "contrastive": {"weight": {"start": weight}},
    }  # fmt: skip
    kind = MODELS.get("infogan-cr")
    config = validate(kind.Config, settings, "benchmark")
    return kind(config, (1, 64, 64), seed, device, use_bf16(options.precision, device))


def side(seeds: int, how: str, weight: float, options: argparse.Namespace) -> Callable[[int], object]:
    """An iteration of one side of the comparison."""
    device = pick_device(options.device)
    rng = torch.Generator().manual_seed(0)
    images = (torch.rand((seeds, options.batch, 1, 64, 64), generator=rng) > 0.9).float().to(device)
    members = [make(seed, weight, options, device) for seed in range(seeds)]
    engine: Steps
    graph = IterationGraph(device) if device.type == "cuda" and how != "alone, no graph" else None
    if how.startswith("alone"):
        engine = LoneEngine(members[0], graph=graph)
    elif how == "batched":
        engine = StackEngine(members, graph=graph)
    else:
        engine = SideBySide(members)
    return lambda iteration: engine.step(images, iteration)


def clocked(step: Callable[[int], object], iteration: int) -> float:
    """Seconds of one iteration, with what a GPU still has to do for it."""
    start = time.perf_counter()
    step(iteration)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    """Take turns, then print medians and ratios."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", default="2,8", help="sizes of the stack, separated by commas")
    parser.add_argument("--kernels", default="side by side,batched", help="how many seeds are computed")
    parser.add_argument("--batch", type=int, default=64, help="images of a seed per iteration")
    parser.add_argument("--iterations", type=int, default=10, help="timed iterations of each side")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--precision", default="fp32", help="auto, fp32 or bf16")
    options = parser.parse_args()
    keep_freed_memory()
    sizes = [int(size) for size in options.seeds.split(",")]
    device = pick_device(options.device)
    make_deterministic(device)
    on_gpu = device.type == "cuda"
    kinds = [(1, "alone"), *((size, how) for size in sizes for how in options.kernels.split(","))]
    if on_gpu:
        kinds.insert(1, (1, "alone, no graph"))
    warm_up = WARM_UP + 2 if on_gpu else 2  # on a GPU until a graph is there
    rows, found = [], []
    for case, weight in WEIGHTS.items():
        sides = {kind: side(*kind, weight, options) for kind in kinds}
        times: dict[tuple[int, str], list[float]] = {kind: [] for kind in kinds}
        for iteration in range(warm_up + options.iterations):
            for kind, step in sides.items():
                times[kind].append(clocked(step, iteration))
        median = {kind: float(np.median(seconds[warm_up:])) for kind, seconds in times.items()}
        for (size, how), seconds in median.items():
            rate = size / seconds
            ratio = rate * median[1, "alone"]
            rows.append([case, str(size), how, f"{1e3 * seconds:.1f}", f"{rate:.1f}", f"{ratio:.2f}"])
            found.append(
                {"case": case, "seeds": size, "how": how, "seconds": seconds, "rate": rate, "ratio": ratio}
            )
    columns = ["iteration", "seeds", "kernels", "ms", "iterations x seeds per second", "times one seed alone"]
    gpu = torch.cuda.get_device_name(device) if on_gpu else None
    _report.publish(
        options,
        _report.table(columns, rows),
        batch=options.batch,
        precision=options.precision,
        gpu=gpu,
        rows=found,
    )


if __name__ == "__main__":
    main()

"""Time a training iteration beside a plain PyTorch port of it, in one run, batch 64, synthetic images.

Each figure comes from a process of its own, and the processes of all columns take turns, round by round, so
that a slow moment of the machine meets all of them. The allocator is shown apart: `system` is glibc as it
comes, `kept` tells it to keep freed memory, which dcr does in every training. Where pythae or disent is
installed, or DCR_PYTHAE_PYTHON or DCR_DISENT_PYTHON names a Python that has it, its step on the same network
is timed too. Below the table stands what a batch of dSprites takes to be read.

    python benchmarks/training.py --out training.json --markdown training.md
    python benchmarks/training.py --threads 1 --rounds 5
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import _report
import numpy as np
import torch
from _plain_gan import PlainInfoGanCr
from _plain_vae import PlainBetaVae
from _timing import BATCH, print_times
from torch import Tensor

from disentangle_cli.datasets import open_dataset
from disentangle_cli.devices import keep_freed_memory, use_bf16
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.settings import validate
from disentangle_cli.training.feed import Feed

CASES = {
    "infogan-cr before CR": 0.0,
    "infogan-cr with CR": 2.0,
    "beta-vae burgess": None,
}
SIDES = ["plain system", "plain kept", "dcr-fp32 kept", "dcr-bf16 kept", "dcr-bf16 system"]
PEERS = {f"{name} system": name for name in ("pythae", "disent")}


def plain(weight: float | None) -> Callable[[Tensor], object]:
    """An iteration of the baseline; a weight of None is the autoencoder."""
    if weight is None:
        return PlainBetaVae().step
    gan = PlainInfoGanCr()
    return lambda images: gan.step(images, weight)


def dcr(weight: float | None, bf16: bool) -> Callable[[Tensor], object]:
    """The same iteration of dcr."""
    cpu = torch.device("cpu")
    latents = {"codes": {"kind": "uniform", "dim": 5}, "noise": {"kind": "uniform", "dim": 5}}
    settings = {
        "architecture": "infogan-64", "iterations": 1000, "batch_size": BATCH, "latents": latents,
        "contrastive": {"weight": {"start": weight}},
    }  # fmt: skip
    name = "infogan-cr"
    if weight is None:
        name, settings["architecture"] = "beta-vae", "burgess"
        settings["latents"] = {"codes": {"kind": "normal", "dim": 10}}
        del settings["contrastive"]
    config = validate(MODELS.get(name).Config, settings, "benchmark")
    model = MODELS.get(name)(config, (1, 64, 64), 0, cpu, bf16)
    counter = iter(range(1000))
    engine = LoneEngine(model)
    return lambda images: engine.step(images[None], next(counter))


def work(case: str, side: str, iterations: int) -> None:
    """Print the seconds of each iteration as JSON."""
    who, allocator = side.split()
    if allocator == "kept":
        keep_freed_memory()
    torch.manual_seed(0)
    step = plain(CASES[case]) if who == "plain" else dcr(CASES[case], who.endswith("bf16"))
    print_times(step, iterations)


def feeding(batches: int = 500) -> float:
    """Milliseconds that a batch of dSprites takes, median."""
    feed = Feed(open_dataset("dsprites"), BATCH, 0, torch.device("cpu"))
    times = []
    for iteration in range(batches):
        start = time.perf_counter()
        feed.images(feed.rows(iteration))
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[1:]))  # the first one shuffles the epoch


def measured(case: str, side: str, iterations: int, threads: int) -> list[float]:
    """Run :func:`work` in a process of its own."""
    command = [sys.executable, __file__, "--case", case, "--side", side, "--iterations", str(iterations)]
    if side in PEERS:
        script = Path(__file__).with_name(f"_{PEERS[side]}_vae.py")
        command = [str(python_of(PEERS[side])), str(script), str(iterations)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def python_of(peer: str) -> str | None:
    """The Python that has a peer, if there is one."""
    here = sys.executable if importlib.util.find_spec(peer) else None
    return os.environ.get(f"DCR_{peer.upper()}_PYTHON", here)


def versions_of(peer: str) -> str:
    """Name and version of a peer and of the torch beside it."""
    ask = (
        f"from importlib.metadata import version as v; print('{peer}', v('{peer}'), 'with torch', v('torch'))"
    )
    done = subprocess.run([str(python_of(peer)), "-c", ask], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def sides_of(case: str) -> list[str]:
    """The columns that a row has."""
    bf16 = use_bf16("auto", torch.device("cpu"))
    peers = [side for side, name in PEERS.items() if CASES[case] is None and python_of(name)]
    return [side for side in SIDES if bf16 or "bf16" not in side] + peers


def main() -> None:
    """Take turns, then print medians and ratios."""
    parser = _report.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of every column")
    parser.add_argument("--iterations", type=int, default=20, help="iterations a turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of each process")
    parser.add_argument("--case", choices=CASES, help="only this row")
    parser.add_argument("--side", choices=SIDES, help="measure this here and print the seconds (internal)")
    options = parser.parse_args()
    if options.side:
        work(options.case, options.side, options.iterations)
        return
    cases = [options.case] if options.case else list(CASES)
    rounds: dict[str, dict[str, list[float]]] = {
        case: {side: [] for side in sides_of(case)} for case in cases
    }
    for _ in range(options.rounds):
        for case in cases:
            for side in rounds[case]:
                seconds = measured(case, side, options.iterations, options.threads)
                rounds[case][side].append(1e3 * float(np.median(seconds)))
    rows = []
    batch = feeding()
    shares = []
    for case in cases:
        typical = {side: float(np.median(of_rounds)) for side, of_rounds in rounds[case].items()}
        fastest = min(typical[side] for side in typical if side.startswith("dcr"))
        shares.append(f"{batch / fastest:.1%} of {case}")
        for side, milliseconds in typical.items():
            spread = f"{min(rounds[case][side]):.1f} to {max(rounds[case][side]):.1f}"
            rows.append([case, side, f"{milliseconds:.1f}", spread, f"{milliseconds / fastest:.2f}"])
    columns = ["iteration", "side, allocator", "ms, median of rounds", "rounds", "times the fastest of dcr"]
    told = f"\n\nA batch of {BATCH} images of dSprites is read in {batch:.2f} ms: {', '.join(shares)}."
    peers = [versions_of(name) for name in PEERS.values() if python_of(name)]
    told += f" Peers: {', '.join(peers)}." if peers else ""
    _report.publish(
        options, _report.table(columns, rows) + told, batch=BATCH, threads=options.threads, peers=peers,
        rounds=rounds, feeding=batch,
    )  # fmt: skip


if __name__ == "__main__":
    main()

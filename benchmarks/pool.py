"""Processor and wall-clock time of a pool of four seeds beside the same four trained one after the other.

Real commands on dSprites, whose cache both sides share: one `dcr train --seeds 0-3`, which picks its jobs and
threads itself, and four `dcr train --seed S`. Rounds take turns. Start-up is part of both.

    python benchmarks/pool.py --out pool.json --markdown pool.md
    python benchmarks/pool.py --iterations 1000 --rounds 1
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _report
import numpy as np

SEEDS = 4


def train(options: argparse.Namespace, out: Path, *seeds: str) -> None:
    """One `dcr train`, without pictures and quick scores."""
    quiet = ["--set", "log.images_every=0", "--set", "log.score_every=0"]
    command = [sys.executable, "-m", "disentangle_cli", "train", "--model", "infogan-cr", "--quiet"]
    run = [
        *command,
        "--preset",
        "from-scratch",
        "--iterations",
        str(options.iterations),
        "--out",
        str(out),
        *seeds,
        *quiet,
    ]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)


def together(options: argparse.Namespace, out: Path) -> None:
    """The pool."""
    train(options, out, "--seeds", f"0-{SEEDS - 1}")


def one_by_one(options: argparse.Namespace, out: Path) -> None:
    """The same seeds, each in a command of its own."""
    for seed in range(SEEDS):
        train(options, out, "--seed", str(seed))


SIDES = {f"{SEEDS} single runs": one_by_one, f"a pool of {SEEDS}": together}


def processor_time() -> float:
    """User and system seconds of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Take turns, then print medians and ratios."""
    parser = _report.parser(__doc__)
    parser.add_argument("--iterations", type=int, default=300, help="iterations of each run")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(options.rounds):
            for index, (name, side) in enumerate(SIDES.items()):
                cpu, wall = processor_time(), time.perf_counter()
                side(options, Path(folder, f"{round_}-{index}"))
                times[name].append((processor_time() - cpu, time.perf_counter() - wall))
    found = {name: np.median(rounds, axis=0) for name, rounds in times.items()}
    base = next(iter(found.values()))
    rows = [
        [name, f"{cpu:.1f}", f"{cpu / base[0]:.2f}", f"{wall:.1f}", f"{wall / base[1]:.2f}"]
        for name, (cpu, wall) in found.items()
    ]
    columns = ["way", "CPU, s", "ratio (CPU)", "wall, s", "ratio (wall)"]
    _report.publish(options, _report.table(columns, rows), iterations=options.iterations, rounds=times)


if __name__ == "__main__":
    main()

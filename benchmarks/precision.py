"""Final scores of the same seeds, trained in float32 and in bfloat16.

One InfoGAN-CR a seed and precision, by preset `small-batch` with its schedule shrunk, then `dcr score` of
each. Where the processor has no bfloat16, its products are emulated (`_bf16.py`).

    python benchmarks/precision.py --iterations 4200 --seeds 1 2 3
"""

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import _bf16
import _report
import numpy as np
import torch

from disentangle_cli.api.score import score
from disentangle_cli.api.train import train

METRICS = ("factor_vae", "dci", "mig")
PRECISIONS = ("fp32", "bf16")


def trained(task: tuple[str, int, str, int, Path]) -> dict[str, float]:
    """Train one model, score it."""
    precision, seed, dataset, iterations, folder = task
    torch.set_num_threads(1)
    with _bf16.as_in_hardware() if precision == "bf16" else nullcontext():
        quiet = ["log.images_every=0", "log.score_every=0"]
        trained = train(
            "infogan-cr", dataset, preset="small-batch", iterations=iterations, settings=quiet, seed=seed,
            out=folder / precision, precision=precision,
        )  # fmt: skip
    found = score(trained.paths[0], metrics=METRICS, device="cpu")["metrics"]
    return {metric: float(found[metric]["score"]) for metric in METRICS}


def main() -> None:
    """Train all, score all, print a row a seed and the means."""
    parser = _report.parser(__doc__)
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder for the checkpoints")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        keys = [(precision, seed) for seed in options.seeds for precision in PRECISIONS]
        tasks = [(*key, options.dataset, options.iterations, folder) for key in keys]
        with ProcessPoolExecutor(options.jobs) as pool:
            found = dict(zip(keys, pool.map(trained, tasks), strict=True))
    scores = np.array([[[found[p, s][m] for m in METRICS] for p in PRECISIONS] for s in options.seeds])
    named = [*map(str, options.seeds), "mean"]
    rows = [
        [name, *(f"{value:.3f}" for value in row.T.flatten())]
        for name, row in zip(named, [*scores, scores.mean(0)], strict=True)
    ]
    columns = ["seed", *(f"{metric}, {precision}" for metric in METRICS for precision in PRECISIONS)]
    table = _report.table(columns, rows)
    _report.publish(options, table, iterations=options.iterations, scores=scores.tolist())


if __name__ == "__main__":
    main()

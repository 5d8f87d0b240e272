"""What a score costs: FactorVAE score against minutes of training, for several models on one machine.

    OMP_NUM_THREADS=1 python benchmarks/cost.py --model infogan-cr --seeds 0 1 2 --folder bench/cost
    python benchmarks/cost.py --folder bench/cost --picture docs/cost.png

Each run leaves a JSON in the folder; runs that are there are not made again, so models and seeds can be added
one by one, one thread a run side by side. A score is that of the small sample which training logs (200 groups
of 50 images). Minutes are processor time, so that other work on the machine counts for little; what scoring
takes is part of them. `--iterations` stretches a preset's schedule to a longer time.
"""

import argparse
import csv
import json
import threading
import time
from collections import defaultdict
from pathlib import Path

import _report
import numpy as np

import disentangle_cli as dcr
from disentangle_cli.files import write_atomic
from disentangle_cli.rendering.curves import chart_of_scores, draw_curves
from disentangle_cli.rendering.figures import save_figure
from disentangle_cli.training import configure

POINTS = 20
"""Of a curve."""
Curve = list[tuple[float, float]]
"""Minutes of processor time since the start, and the score."""


class Clock(threading.Thread):
    """Notes when each score appears in a run's log."""

    def __init__(self, log: Path) -> None:
        super().__init__(daemon=True)
        self.log, self.start_time = log, time.process_time()
        self.curve: Curve = []
        self.over = threading.Event()

    def run(self) -> None:
        """Look every half second, and once more at the end."""
        while not self.over.wait(0.5):
            self.look()
        self.look()

    def look(self) -> None:
        """Take down what is new."""
        if not self.log.exists():
            return
        with self.log.open() as file:
            cells = [row.get("score/factor_vae") for row in csv.DictReader(file)]
        scores = [float(cell) for cell in cells if cell]
        minutes = (time.process_time() - self.start_time) / 60
        self.curve += [(minutes, score) for score in scores[len(self.curve) :]]


def train(model: str, seed: int, options: argparse.Namespace) -> None:
    """One run, if it is not there yet."""
    name = f"{model}_{options.preset}_seed-{seed}"
    place = options.folder / f"{name}.json"
    if place.exists():
        return
    iterations = options.iterations or configure(model, options.preset).iterations
    clock = Clock(options.folder / name / "log.csv")
    clock.start()
    settings = [f"log.score_every={max(1, iterations // POINTS)}", "log.images_every=0"]
    trained = dcr.train(
        model, options.dataset, preset=options.preset, iterations=iterations, seed=seed, settings=settings,
        out=options.folder, name=name, overwrite=True, precision=options.precision,
    )  # fmt: skip
    clock.over.set()
    clock.join()
    score = dcr.score(trained.paths[0], options.dataset, metrics="factor_vae", seed=0)
    found = {
        "model": model, "preset": options.preset, "seed": seed, "iterations": iterations,
        "precision": options.precision, "curve": clock.curve, "machine": _report.machine(),
        "score": score["metrics"]["factor_vae"]["score"],
    }  # fmt: skip
    write_atomic(place, json.dumps(found, indent=1) + "\n")


def mean_curve(curves: list[Curve]) -> Curve:
    """Over the seeds of a model: the mean time and the mean score of each point."""
    count = min(map(len, curves))
    return [tuple(np.mean([curve[k] for curve in curves], 0)) for k in range(count)]


def main() -> None:
    """Train what is missing; draw what is there."""
    parser = _report.parser(__doc__)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--iterations", type=int, help="of each run (default: the preset's)")
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--folder", type=Path, default=Path("bench/cost"))
    parser.add_argument("--picture", type=Path, help="draw the curves: .png, .svg or .pdf")
    options = parser.parse_args()
    for model in options.model:
        for seed in options.seeds:
            train(model, seed, options)
    runs = defaultdict(list)
    for path in sorted(options.folder.glob("*.json")):
        found = json.loads(path.read_text())
        runs[f"{found['model']}, {found['iterations']:,} iterations"].append(found)
    rows = []
    for name, made in runs.items():
        scores = [one["score"] for one in made]
        minutes = np.mean([one["curve"][-1][0] for one in made])
        seeds = ", ".join(f"{one['seed']}: {one['score']:.3f}" for one in made)
        rows.append([name, f"{minutes:.1f}", f"{np.mean(scores):.3f}", f"{np.std(scores):.3f}", seeds])
    if options.picture and runs:
        curves = {name: mean_curve([one["curve"] for one in made]) for name, made in runs.items()}
        end = max(curve[-1][0] for curve in curves.values())
        label = "FactorVAE score, mean over seeds"
        save_figure(draw_curves(chart_of_scores(curves, label, "minutes of one core", end)), options.picture)
    columns = ["model", "minutes of one core", "factor_vae, mean", "standard deviation", "by seed"]
    _report.publish(options, _report.table(columns, rows), runs=dict(runs))


if __name__ == "__main__":
    main()

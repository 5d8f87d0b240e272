"""Train a seed of preset `paper`, and score it before the regulariser starts and at the end.

The run goes on where the last call stopped, so a long one can be made in parts:

    python benchmarks/paper.py --seed 0 --minutes 55    # again and again; exits with 130 until all is done
    python benchmarks/paper.py --seed 0 --scale 0.1     # the whole schedule in a tenth of the iterations
    python benchmarks/paper.py --seed 0 --docs docs     # also rows, curves and traversal into docs/paper.md

On a GPU it is compiled, and runs by CUDA graphs. In the folder of the runs are the checkpoints, a JSON of
each run with the scores of both states by both protocols and the learning curve, traversals of both states,
and a picture of the learning curves of all runs there.

Scoring is no part of --minutes and takes long on a CPU: the second protocol encodes some three million
images. On a CPU that other work shares, set OMP_NUM_THREADS=1: where two threads waited for each other, they
made a tenth of the iterations of one.
"""

import argparse
import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import _report
import torch

import disentangle_cli as dcr
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.devices import pick_device
from disentangle_cli.errors import Interrupted
from disentangle_cli.files import write_atomic
from disentangle_cli.rendering.curves import Mark, chart_of_scores, draw_curves
from disentangle_cli.rendering.figures import png
from disentangle_cli.training import configure

PROTOCOLS = ("infogan-cr", "disentanglement-lib")
METRICS = ("factor_vae", "beta_vae", "dci", "sap", "explicitness", "modularity", "mig")
KEYS = ["seed", "schedule", "state", "precision", "machine", "hours"]
SWITCH = "regulariser starts"
PICTURES = """
FactorVAE score along the way, on the small sample that training logs (200 groups of 50 images):

![Learning curves of the runs above](paper-curves.png)

What each code does at the end of the latest run:

![Traversal of each code](paper.png)
"""


def stem(options: argparse.Namespace) -> str:
    """Of the files of a run."""
    late = "_late-h" if options.late_h else ""
    return f"seed-{options.seed}_scale-{options.scale:g}{late}"


def train(options: argparse.Namespace) -> Path:
    """The finished checkpoint; Interrupted when the minutes are over."""
    full = configure("infogan-cr", "paper").iterations
    iterations = round(full * options.scale)
    point = max(1, iterations // options.points)
    settings = [f"log.score_every={point}", f"log.images_every={point}"]
    settings += ["contrastive.always=false"] if options.late_h else []
    cuda = pick_device(options.device).type == "cuda"
    trained = dcr.train(
        "infogan-cr", options.dataset, preset="paper", iterations=iterations, seed=options.seed,
        settings=settings, out=options.folder, name=stem(options), resume=True,
        time_limit=options.minutes and options.minutes * 60, device=options.device,
        precision=options.precision, compile=cuda if options.compile is None else options.compile,
    )  # fmt: skip
    return trained.paths[0]


def scored(states: dict[str, Path], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """By protocol and state: the metrics' results."""
    found: dict[str, dict[str, Any]] = {}
    for protocol in PROTOCOLS:
        print(f"scoring both states by protocol {protocol}", file=sys.stderr)
        paths = [str(path) for path in states.values()]
        scores = dcr.score(
            paths, options.dataset, protocol=protocol, metrics=METRICS, seed=0, device=options.device
        )
        metrics = [result["metrics"] for result in scores.results]
        found[protocol] = dict(zip(states, metrics, strict=True))
    return found


def summary(end: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything about a finished run (JSON types)."""
    folder = end.with_suffix("")
    states = {"before": folder / "switch.pt", "end": end}
    checkpoints = {state: load_checkpoint(path) for state, path in states.items()}
    config, provenance = checkpoints["end"].config["training"], checkpoints["end"].provenance
    for state, path in states.items():
        traversal = dcr.traverse(path, device=options.device)
        traversal.save(end.with_name(f"{end.stem}_{state}.png"), upscale=1)
    with (folder / "log.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("score/factor_vae")]
    gpu = pick_device(options.device).type == "cuda"
    return {
        "machine": _report.machine() | ({"gpu": torch.cuda.get_device_name()} if gpu else {}),
        "seed": options.seed, "scale": options.scale, "iterations": config["iterations"],
        "switch": config["contrastive"]["weight"]["every"],
        "h_before_the_switch": config["contrastive"]["always"],
        "precision": provenance["precision"], "compiled": provenance.get("compiled", False),
        "versions": provenance["versions"],
        "seconds": {name: found.provenance["wall_seconds"] for name, found in checkpoints.items()},
        "scores": scored(states, options),
        "curve": [[int(row["iteration"]) + 1, float(row["score/factor_vae"])] for row in rows],
    }  # fmt: skip


def rows_of(result: dict[str, Any], protocol: str) -> list[list[str]]:
    """Two lines of a protocol's table: before the regulariser, and the end."""
    where = result["machine"]
    machine = where.get("gpu") or f"{where['processor']}, threads: {where['threads']}"
    schedule = f"{result['scale']:g} ({result['iterations']:,})"
    schedule += "" if result["h_before_the_switch"] else ", H from the switch on"
    precision = result["precision"] + (", compiled" if result["compiled"] else "")
    lines = []
    for state, metrics in result["scores"][protocol].items():
        hours = f"{result['seconds'][state] / 3600:.2f}"
        values = [metrics[name]["score"] for name in METRICS]
        shown = ["-" if value is None else f"{value:.3f}" for value in values]
        lines.append([str(result["seed"]), schedule, state, precision, machine, hours, *shown])
    return lines


def with_rows(page: str, protocol: str, rows: list[list[str]]) -> str:
    """A page with these rows in the table of a protocol, in the place of those of the same run."""
    lines = page.split("\n")
    start = lines.index(f"### Protocol `{protocol}`")
    first = next(i for i in range(start, len(lines)) if lines[i].startswith("| seed |")) + 2
    last = next(i for i in range(first, len(lines)) if not lines[i].startswith("|"))
    table = {tuple(map(str.strip, line.strip("|").split("|")))[:5]: line for line in lines[first:last]}
    table |= {tuple(row[:5]): f"| {' | '.join(row)} |" for row in rows}
    return "\n".join([*lines[:first], *table.values(), *lines[last:]])


def curves(results: list[dict[str, Any]]) -> bytes:
    """The learning curves of all runs as a PNG, over the part of the schedule that is done."""
    lines = {}
    for result in results:
        late = "" if result["h_before_the_switch"] else ", late H"
        done = [(100 * iteration / result["iterations"], score) for iteration, score in result["curve"]]
        lines[f"seed {result['seed']}, scale {result['scale']:g}{late}"] = done
    switch = Mark(100 * results[0]["switch"] / results[0]["iterations"], SWITCH)
    title, x_label = "FactorVAE score (small sample)", "per cent of the schedule"
    return png(draw_curves(chart_of_scores(lines, title, x_label, 100, [switch])))


def publish(end: Path, results: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Print the tables; write the picture, and where it is asked for the page."""
    columns = [*KEYS, *METRICS]
    tables = {p: [row for result in results for row in rows_of(result, p)] for p in PROTOCOLS}
    picture = curves(results)
    write_atomic(end.with_name("curves.png"), picture)
    if options.docs:
        page = options.docs / "paper.md"
        text = page.read_text()
        for protocol, rows in tables.items():
            text = with_rows(text, protocol, rows)
        write_atomic(page, text if PICTURES in text else text + PICTURES)
        write_atomic(options.docs / "paper-curves.png", picture)
        shutil.copyfile(end.with_name(f"{end.stem}_end.png"), options.docs / "paper.png")
    printed = "\n\n".join(f"Protocol {p}\n\n{_report.table(columns, rows)}" for p, rows in tables.items())
    _report.publish(options, printed, results=results)


def main() -> None:
    """Train, or go on; then score and publish."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="of the whole schedule")
    parser.add_argument("--minutes", type=float, help="of training in this call (default: to the end)")
    parser.add_argument("--folder", type=Path, default=Path("bench/paper"), help="of the runs")
    parser.add_argument("--docs", type=Path, help="the folder of paper.md, which gets rows and pictures")
    parser.add_argument("--points", type=int, default=28, help="of the learning curve (28: one an epoch)")
    parser.add_argument("--late-h", action="store_true",
                        help="train H from the switch on only, where it is drawn anew anyway")  # fmt: skip
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="default: on a GPU")
    options = parser.parse_args()
    try:
        end = train(options)
    except Interrupted as stopped:
        print(f"{stopped}; the same command goes on", file=sys.stderr)
        sys.exit(stopped.exit_code)
    path = end.with_suffix(".json")
    if not path.exists():
        write_atomic(path, json.dumps(summary(end, options), indent=1) + "\n")
    results = [json.loads(found.read_text()) for found in sorted(options.folder.glob("*.json"))]
    publish(end, results, options)


if __name__ == "__main__":
    main()

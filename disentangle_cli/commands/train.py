"""``dcr train``: train one model, a pool of seeds, or a sweep."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from disentangle_cli import output
from disentangle_cli.command_line.options import (
    Device,
    DeviceName,
    ExecutorOption,
    FormatOption,
    Precision,
    Sets,
)
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry

MODEL_NAMES = Registry[object]("disentangle_cli.models", "model").names()


def train_cli(
    model: Annotated[
        str, typer.Option("--model", "-m", help=f"One of: {', '.join(MODEL_NAMES)}.", show_default=False)
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            "-d",
            help="A data set's name, an .npz file or a folder of images (default: dsprites).",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="Named settings (default: fast).", show_default=False)
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            "--iterations", "-n", min=1, help="Length; the schedule scales with it.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, max=2**32 - 1, help="Seed of everything random (default: 0).", show_default=False
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="0-9", help="Train a pool, one run per seed.", show_default=False),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", metavar="KEY=V1,V2", help="Train one run per value; repeatable.", show_default=False
        ),
    ] = None,
    sets: Sets = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file of settings over the preset.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoints.")] = Path("ckpts"),
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Stem of the outputs (default: <model>_<dataset>_seed-<S>).", show_default=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    time_limit: Annotated[
        str | None,
        typer.Option(
            metavar="30m", help="Stop and save all runs after this time (s, m, h).", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, train nothing; print what would be written.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the configuration as YAML and stop.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Runs at once (default: one per core).", show_default=False),
    ] = None,
    stack: Annotated[
        bool, typer.Option("--stack", help="Train the seeds as one batched computation (for a GPU).")
    ] = False,
    executor: ExecutorOption = "local",
    device: Device = DeviceName.auto,
    precision: Annotated[
        Precision, typer.Option("--precision", help="auto: bf16 where the hardware has it.")
    ] = Precision.auto,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the networks and losses first (for a GPU).")
    ] = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Train a model and print the path of its checkpoint.

    Outputs are OUT/<stem>.pt when the run is complete, and a folder OUT/<stem>/ with config.yaml, log.csv,
    pictures and the resume state. A run that was stopped, in whatever way, goes on with --resume.
    """
    from disentangle_cli.config import to_yaml
    from disentangle_cli.training import configure, from_earlier, parse_seeds, parse_sweeps, train_pool
    from disentangle_cli.training.pool import raise_failures
    from disentangle_cli.training.run import prepare
    from disentangle_cli.training.spec import Run
    from disentangle_cli.training.stack import check_stackable

    if seed is not None and seeds is not None:
        raise UsageError("give --seed or --seeds, not both")
    if name is not None and (Path(name).name != name or name.startswith(".")):
        raise UsageError(f"--name {name!r} must be a plain file name")
    earlier = from_earlier(config)
    data = dataset or earlier.get("dataset") or "dsprites"
    first_seed = earlier.get("seed", 0) if seed is None else seed
    limit = parse_duration(time_limit)
    deadline = None if limit is None else time.time() + limit
    runs: list[Run] = []
    for chosen in parse_sweeps(sweep or []):
        settings = configure(model, preset, iterations, [*(sets or []), *chosen], config)
        for one in parse_seeds(seeds) if seeds is not None else [first_seed]:
            run = Run(
                model, settings, data, one, out, name, resume, overwrite, deadline, device.value,
                precision.value, compiled,
            )  # fmt: skip
            suffix = [assignment.replace("=", "-").replace("/", "-") for assignment in chosen]
            if name is not None and seeds is not None:
                suffix.append(f"seed-{one}")
            runs.append(replace(run, name="_".join([run.stem, *suffix])) if suffix else run)
    if print_config:
        typer.echo(to_yaml({"model": model} | runs[0].config.model_dump(mode="json")), nl=False)
        return
    if stack:
        check_stackable(model)
    if dry_run:
        for run in runs:
            prepare(run)
            output.log(f"would train {run.stem} for {run.config.iterations} iterations")
        complete = runs
    else:
        outcomes = train_pool(runs, jobs, executor, stack)
        complete = [outcome.run for outcome in outcomes if outcome.error is None]
    common = {"model": model, "dataset": data, "seed": runs[0].seed, "seeds": [r.seed for r in complete]}
    if complete:
        emit_paths([run.checkpoint for run in complete], fmt, document("train", **common))
    if not dry_run:
        raise_failures(outcomes)


def parse_duration(text: str | None) -> float | None:
    """``"90"``, ``"90s"``, ``"30m"``, ``"2h"`` in seconds.

    Raises:
        UsageError: not of that form, or not positive.
    """
    if text is None:
        return None
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1.0)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise UsageError(f"--time-limit {text!r}: write it like 90s, 30m or 2h")
    return seconds

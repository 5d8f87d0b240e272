"""``dcr score``: disentanglement metrics of checkpoints or of codes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from disentangle_cli.command_line.options import (
    Device,
    DeviceName,
    ExecutorOption,
    FormatOption,
    Jobs,
    Seed,
    Sets,
    expand_paths,
    resolve_device,
)
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.commands._score_output import layout
from disentangle_cli.commands._score_output import report as report_page
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.output import log


class Encode(StrEnum):
    """What stands for an image of a model with a posterior."""

    mean = "mean"
    sample = "sample"


Models = Annotated[
    list[str],
    typer.Argument(
        metavar="CKPT|CODES.npz|.csv|.parquet...",
        help="Checkpoints, or codes computed elsewhere; - reads paths from stdin.",
        show_default=False,
    ),
]


def score_cli(
    models: Models,
    dataset: Annotated[
        str | None,
        typer.Option(help="Labelled data set: name or path (default: the model's own).", show_default=False),
    ] = None,
    metrics: Annotated[str, typer.Option(help="paper (the seven of the paper), all, or a,b.")] = "paper",
    protocol: Annotated[
        str, typer.Option(help="infogan-cr or disentanglement-lib: sample counts, variants, splits.")
    ] = "infogan-cr",
    encode: Annotated[
        Encode | None,
        typer.Option(
            help="Posterior mean or sample, for models that have one (default: the protocol's).",
            show_default=False,
        ),
    ] = None,
    factors: Annotated[
        str | None, typer.Option(metavar="A,B", help="Score these factors only.", show_default=False)
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Draw and score this often: mean, std, 95% interval.")
    ] = 1,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Resample one draw this often: std, 95% interval.")
    ] = 0,
    half_width: Annotated[
        float, typer.Option(help="Report the samples that an interval of +- this needs.")
    ] = 0.01,
    sets: Sets = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar="METRIC=VALUE",
            help="Exit 3 if a metric, or a part like dci.completeness, is lower; repeatable.",
            show_default=False,
        ),
    ] = None,
    fail_under_ci: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under-ci",
            metavar="METRIC=VALUE",
            help="As --fail-under, by the worse end of the 95% interval; repeatable.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="OLD.json",
            help="Exit 3 if a metric fell since this result, by more than its interval.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write everything to one HTML page.", metavar="FILE", show_default=False),
    ] = None,
    jobs: Jobs = None,
    executor: ExecutorOption = "local",
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    fmt: FormatOption = Format.table,
) -> None:
    """Score how well codes match the factors of a labelled data set.

    Settings of a metric are changed with --set metric.key=value, sample counts with --set data.key=value.
    """
    from disentangle_cli.executors import tasks_at_once
    from disentangle_cli.scoring import Options, check_baseline, check_gates, parse_gates, score_paths
    from disentangle_cli.scoring.gates import read_baseline

    options = Options(
        metrics=metrics,
        protocol=protocol,
        encode=encode.value if encode else None,
        repeats=repeats,
        settings=tuple(sets or ()),
        seed=seed,
        bootstrap=bootstrap,
        factors=tuple(name.strip() for name in factors.split(",")) if factors else (),
        half_width=half_width,
    )
    gates = parse_gates(fail_under or [], options.names)
    interval_gates = parse_gates(fail_under_ci or [], options.names, "--fail-under-ci")
    if interval_gates and repeats == 1 and not bootstrap:
        raise UsageError("--fail-under-ci needs intervals; ask for them with --repeats or --bootstrap")
    earlier = read_baseline(baseline) if baseline else None
    if report is not None and report.is_dir():
        raise UsageError(f"--report {report} is a folder; name a file in it")
    paths = expand_paths(models)
    where = resolve_device(device)
    at_once = tasks_at_once(jobs, executor)
    results = score_paths(paths, dataset, options, where, jobs=at_once, executor=executor)
    columns, rows = layout(results, options.names, fmt)
    emit(document("score", seed=seed, results=results), fmt, columns, rows)
    if report is not None:
        page = report_page(results, options.names, {"seed": seed, "device": where})
        log(f"wrote {write_atomic(report, page)}")
    check_gates(results, gates, interval_gates)
    if baseline is not None and earlier is not None:
        check_baseline(results, earlier, baseline)

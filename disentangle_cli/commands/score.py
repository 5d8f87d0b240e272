"""``dcr score``: disentanglement metrics of checkpoints or of codes."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from disentangle_cli import output
from disentangle_cli.bounds import REPEATS, RESAMPLES
from disentangle_cli.command_line import closing, completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.invocation import invocation
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.errors import UsageError

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="CKPT|CODES.npz|.csv|.parquet...",
        help="Checkpoints, or codes computed elsewhere; - reads paths from stdin.",
    ),
]

PLAIN = {"std": "standard deviation", "low": "95% interval from", "high": "to"}
"""What columns are called in a table."""


@examples(
    "dcr score best.pt --metrics factor_vae,mig --report scores.html",
    "dcr score ckpts/*.pt --fail-under factor_vae=0.8  # exits 3 if it is lower",
)
def score_cli(
    models: Models,
    dataset: Annotated[
        str | None,
        typer.Option(help="Labelled data set: name or path (default: the model's own).", **options.DATASET),
    ] = None,
    metrics: options.Metrics = None,
    protocol: options.Protocol = "infogan-cr",
    encode: Annotated[
        options.PosteriorCode | None,
        typer.Option(help="Posterior mean or sample, for models that have one (default: the protocol's)."),
    ] = None,
    factors: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Score these factors only; repeatable.")
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(help="Draw and score this often: mean, std, 95% interval.", **options.whole(1, REPEATS)),
    ] = 1,
    bootstrap: Annotated[
        int,
        typer.Option(help="Resample one draw this often: std, 95% interval.", **options.whole(0, RESAMPLES)),
    ] = 0,
    half_width: Annotated[
        float,
        typer.Option(
            help="Report the samples that an interval of +- this needs.",
            parser=options.decimal,
            metavar="NUMBER",
        ),
    ] = 0.01,
    early_votes: Annotated[
        bool,
        typer.Option(
            "--early-votes",
            help="End groups of factor_vae when their vote is settled (about one in a thousand differs).",
        ),
    ] = False,
    sets: options.Sets = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=VALUE",
            help="Exit 3 if a metric, or a part like dci.completeness, is lower; repeatable.",
            autocompletion=completion.thresholds,
        ),
    ] = None,
    fail_under_ci: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=VALUE",
            help="As --fail-under, by the worse end of the 95% interval; repeatable.",
            autocompletion=completion.thresholds,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="OLD.json", help="Exit 3 if a metric fell since this result, by more than its interval."
        ),
    ] = None,
    report: options.Report = None,
    overwrite: options.Overwrite = False,
    jobs: options.Jobs = None,
    executor: options.ExecutorOption = "local",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Score how well codes match the factors of a labelled data set.

    Settings of a metric are changed with --set metric.key=value, sample counts with --set data.key=value.
    """
    from disentangle_cli.api.score import score
    from disentangle_cli.scoring import (
        check_baseline,
        check_gates,
        parse_gates,
        read_baseline,
        resolve_metrics,
    )

    wanted = ",".join(options.listed(metrics) or ["paper"])
    names = resolve_metrics(wanted)
    gates = parse_gates(fail_under or [], names)
    interval_gates = parse_gates(fail_under_ci or [], names, "--fail-under-ci")
    if interval_gates and repeats == 1 and not bootstrap:
        raise UsageError("--fail-under-ci needs intervals; ask for them with --repeats or --bootstrap")
    earlier = read_baseline(baseline) if baseline else None
    paths = options.expand_paths(models)
    check_outputs({"--report": report}, [*paths, dataset, baseline], overwrite=overwrite)
    what = "1 model" if len(paths) == 1 else f"{len(paths)} models"
    labels = dataset or ("its own labels" if len(paths) == 1 else "the labels of each")
    where = f"{what} on {labels}, protocol {protocol}"
    output.announce([("scoring", where), ("metrics", ", ".join(names))])
    scores = score(
        paths,
        dataset,
        metrics=wanted,
        protocol=protocol,
        encode=encode,
        factors=options.listed(factors),
        repeats=repeats,
        bootstrap=bootstrap,
        half_width=half_width,
        early_votes=early_votes,
        settings=sets,
        seed=seed,
        device=device,
        jobs=jobs,
        executor=executor,
    )
    columns, rows = layout(scores.results, names, fmt)
    emit(scores.to_json(), fmt, columns, rows, prose=["note"])
    if report is not None:
        output.log(f"wrote {scores.save_report(report, invocation())}")
    check_gates(scores.results, gates, interval_gates)
    if baseline and earlier is not None:
        check_baseline(scores.results, earlier, baseline)
    closing.close({}, [] if report else [closing.again(paths, "--report", "scores.html")])


def layout(
    results: Sequence[dict[str, Any]], names: list[str], fmt: Format
) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of the table: a row per number, or for several models a row per model.

    CSV always has a row per number.
    """
    from disentangle_cli.api.score_tables import has_spread, number_columns, number_rows, overview

    if fmt is Format.table and len(results) > 1:
        return ["model", *names], overview(results, names)
    spread = has_spread(results)
    columns = ["model", "dataset", "protocol", "seed", *number_columns(spread)]
    rows = [
        [r["model"], r["dataset"], r["protocol"], r["seed"], *row]
        for r in results
        for row in number_rows(r, names, spread)
    ]
    if fmt is Format.table:
        return [PLAIN.get(name, name) for name in columns[4:]], [row[4:] for row in rows]
    return columns, rows

"""``dcr score``: disentanglement metrics of checkpoints or of codes."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from disentangle_cli.commands._options import (
    Device,
    DeviceName,
    FormatOption,
    Seed,
    Sets,
    expand_paths,
    resolve_device,
)
from disentangle_cli.errors import UsageError
from disentangle_cli.output import Format, document, emit, log


class Encode(StrEnum):
    """What stands for an image of a model with a posterior."""

    mean = "mean"
    sample = "sample"


Models = Annotated[
    list[str],
    typer.Argument(
        metavar="CKPT|CODES.npz|CODES.csv...",
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
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    fmt: FormatOption = Format.table,
) -> None:
    """Score how well codes match the factors of a labelled data set.

    Settings of a metric are changed with --set metric.key=value, sample counts with --set data.key=value.
    """
    from disentangle_cli.scoring import Options, check_baseline, check_gates, parse_gates, score_path
    from disentangle_cli.scoring._gates import read_baseline

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
    paths = expand_paths(models)
    where = resolve_device(device)
    results = []
    for path in paths:
        log(f"scoring {path}")
        results.append(score_path(path, dataset, options, where))
    columns, rows = layout(results, options.names, fmt)
    emit(document("score", seed=seed, results=results), fmt, columns, rows)
    check_gates(results, gates, interval_gates)
    if baseline is not None and earlier is not None:
        check_baseline(results, earlier, baseline)


def layout(
    results: list[dict[str, Any]], names: list[str], fmt: Format
) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of the table: a row per number, or for several models a row per model.

    CSV always has a row per number.
    """
    if fmt is Format.table and len(results) > 1:
        return ["model", *names], [[r["model"], *[r["metrics"][n]["score"] for n in names]] for r in results]
    spread = any(r["repeats"] > 1 or r["bootstrap"] for r in results)
    numbers = ["value", "std", "low", "high"] if spread else ["value"]
    columns = ["model", "dataset", "protocol", "seed", "metric", *numbers, "note"]
    rows = [
        [r["model"], r["dataset"], r["protocol"], r["seed"], *row]
        for r in results
        for name in names
        for row in _numbers(name, r["metrics"][name], spread)
    ]
    if fmt is Format.table:
        return columns[4:], [row[4:] for row in rows]
    return columns, rows


def _numbers(name: str, result: dict[str, Any], spread: bool) -> list[list[object]]:
    """The score and every other number of one result, under dotted names."""
    note = result.get("reason") or result.get("note") or result["variant"]
    rows: list[list[object]] = [[name, result["score"], *(_spread(result) if spread else []), note]]
    parts = result.get("parts", {})
    for key, value in result.items():
        if isinstance(value, float) and key not in ("score", "std", "mean"):
            rows.append([f"{name}.{key}", value, *(_spread(parts.get(key, {})) if spread else []), None])
    return rows


def _spread(entry: dict[str, Any]) -> list[object]:
    """Standard deviation and the ends of the interval, None where there are none."""
    return [entry.get("std"), *(entry.get("interval") or [None, None])]

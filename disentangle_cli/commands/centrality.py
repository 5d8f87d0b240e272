"""``dcr centrality``: the best model of a pool, without labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from disentangle_cli import output
from disentangle_cli.bounds import GROUPS, IMAGES
from disentangle_cli.command_line import closing, completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.invocation import invocation
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.errors import UsageError
from disentangle_cli.numerals import read_number

if TYPE_CHECKING:
    from disentangle_cli.api.rank import Ranking

METHOD_NAMES = completion.names("methods")


@examples(
    "dcr centrality ckpts/*.pt --select best.pt --report ranking.html",
    "dcr centrality ckpts/*.pt --method all --top 5 --format json",
)
def centrality_cli(
    checkpoints: options.Checkpoints,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Selection methods, comma-separated, or all: {', '.join(METHOD_NAMES)}; repeatable. "
            "--select and --plot take the first named.",
            show_default="model-centrality",
            **completion.several_of("methods", "all"),
        ),
    ] = None,
    inactive: Annotated[
        Literal["auto", "keep"] | None,
        typer.Option(
            help="keep: every code counts, the official rule; auto: leave out codes that do nothing "
            "and correct for chance. Default: auto for GANs and VAEs in one pool, or models of different "
            "numbers of codes, else keep."
        ),
    ] = None,
    encode: Annotated[
        options.PosteriorCode | None,
        typer.Option(help="Code of a VAE: posterior mean or sample. Default: sample with keep, else mean."),
    ] = None,
    groups_per_code: Annotated[
        int | None,
        typer.Option(help="Groups of images per code.", show_default="100", **options.whole(1, GROUPS)),
    ] = None,
    group_size: Annotated[
        int | None, typer.Option(help="Images per group.", show_default="100", **options.whole(2, GROUPS))
    ] = None,
    scale_images: Annotated[
        int | None,
        typer.Option(
            help="Images for the scale of each code; official: 73728.",
            show_default="as many as its error asks for",
            **options.whole(2, IMAGES),
        ),
    ] = None,
    full_groups: Annotated[
        bool,
        typer.Option(
            "--full-groups",
            help="Encode all images of each group, the official rule; else a group is over when its vote is "
            "settled.",
        ),
    ] = False,
    precision: Annotated[
        options.Precision,
        typer.Option(help="Of the encoders of model-centrality; auto: bf16 where it is fast."),
    ] = "auto",
    exact: Annotated[
        bool, typer.Option("--exact", help="Evaluate all pairs; the default up to 20 models.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Look for the best with at most this part of all evaluations, say 0.02; auto: as "
            "many as it takes to be sure, within limits. The default above 20 models.",
            metavar="PART|auto",
        ),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(
            help="Images that UDR compares codes on: a data set, or generated (by the pool itself). "
            "Default: the models' own data set if it is at hand, else generated.",
            metavar="DATASET|generated",
            **completion.one_of("datasets", "generated"),
        ),
    ] = None,
    sets: options.Sets = None,
    top: Annotated[int | None, typer.Option(help="Print the K best only.", **options.whole(1))] = None,
    select: Annotated[
        Path | None, typer.Option(help="Copy the selected checkpoint to this file.", metavar="FILE")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the matrix of scores: .png, .svg or .pdf.", metavar="FILE")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            help="Tell which code of this model is which code of the others (from the votes of "
            "model-centrality).",
            metavar="MODEL",
        ),
    ] = None,
    explain_plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the matching of codes that --explain found: .png, .svg or .pdf.", metavar="FILE"
        ),
    ] = None,
    labels_check: Annotated[
        str | None,
        typer.Option(
            help="For studies: score all models on this labelled data set, and tell how far each "
            "pick is from the best.",
            metavar="DATASET",
            **options.DATASET,
        ),
    ] = None,
    report: options.Report = None,
    overwrite: options.Overwrite = False,
    force: Annotated[
        bool, typer.Option("--force", help="Rank models of different data sets all the same.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Keep evaluated pairs on disk and use them again.")
    ] = True,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    jobs: options.Jobs = None,
    executor: options.ExecutorOption = "local",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Rank models without labels and pick the best.

    Models that disentangle well resemble each other: the one that agrees most with all others is the pick.

    Give checkpoints of one image size and one data set; GANs, VAEs and imported models may mix.
    """
    paths = options.expand_paths(checkpoints)
    pictures = {"--plot": plot, "--explain-plot": explain_plot}
    # --select may replace a copy of a model, which is told when the models are read
    check_outputs({"--select": select}, [images, labels_check], overwrite=True)
    check_outputs({"--select": select, **pictures, "--report": report}, [], overwrite=True)
    check_outputs({**pictures, "--report": report}, [*paths, images, labels_check], overwrite=overwrite)
    from disentangle_cli.rendering.figures import check_ending

    for option, picture in pictures.items():
        if picture is not None:
            check_ending(picture, option)
    if explain_plot is not None and explain is None:
        raise UsageError(f"--explain-plot {explain_plot}: name the model with --explain")
    from disentangle_cli.api.rank import DEFAULT, rank

    ranking = rank(
        paths,
        options.listed(method) or DEFAULT,
        explain=explain,
        labels_check=labels_check,
        settings=sets,
        seed=seed,
        device=device,
        jobs=jobs,
        executor=executor,
        cache=cache,
        force=force,
        spare=select,
        overwrite=overwrite,
        groups_per_code=groups_per_code,
        group_size=group_size,
        scale_images=scale_images,
        full_groups=full_groups or None,
        images_from=images,
        inactive=inactive,
        encode=encode,
        precision=None if precision == "auto" else precision,
        budget=_budget(exact, budget),
    )
    _show(ranking, fmt, top)
    for note in ranking.notes():
        output.log(note)
    if select is not None:
        ranking.copy_selected(select)
    if plot is not None:
        output.log(f"drew {ranking.save_plot(plot)}")
    if explain_plot is not None:
        output.log(f"drew {ranking.save_explanation(explain_plot)}")
    if report is not None:
        output.log(f"wrote {ranking.save_report(report, top, invocation())}")
    if select is None:
        again = ["--overwrite"] if any((plot, explain_plot, report)) and not overwrite else []
        closing.close({}, [closing.again(paths, "--select", "best.pt", *again)])
    else:
        closing.close({}, [["dcr", "traverse", select, "--out", "traversal.html"]])


def _show(ranking: "Ranking", fmt: Format, top: int | None) -> None:
    """Print to stdout. As CSV there is one table only: the rankings, one below the other."""
    from disentangle_cli.api.rank_tables import ACTIVITY, OPTIONAL, legend, ranking_table

    if fmt is Format.table:
        for table in ranking.tables(top):
            emit(
                {}, fmt, table.columns, table.rows, table.title,
                prose=[ACTIVITY], optional=OPTIONAL, legend=legend(table.columns),
            )  # fmt: skip
        return
    tables = [ranking_table(one, ranking.labels, top, full=True) for one in ranking.selections]
    rows = [[table.title, *row] for table in tables for row in table.rows]
    emit(ranking.to_json(top), fmt, ["method", *tables[0].columns], rows)


def _budget(exact: bool, budget: str | None) -> float | str | None:
    if exact and budget is not None:
        raise UsageError("--exact evaluates all pairs; leave out --budget")
    if exact or budget is None or budget == "auto":
        return "exact" if exact else budget
    if (part := read_number(budget)) is None:
        raise UsageError(f"--budget {budget}: give a part of all evaluations up to 1, or auto")
    return part

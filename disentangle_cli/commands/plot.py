"""``dcr plot``: losses and scores of runs, also of those under way."""

from typing import Annotated, Literal

import typer

from disentangle_cli.bounds import ITERATIONS
from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit_paths


@examples(
    "dcr plot ckpts/ --out curves.png",
    "dcr plot ckpts/ --columns 'score/*' --out scores.html  # a page with numbers",
)
def plot_cli(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|FOLDER...",
            help="Runs: their folders, a folder that they are in, or checkpoints; - reads paths from stdin.",
        ),
    ],
    out: options.Out,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...|all",
            help="Columns of log.csv, by names or patterns like 'score/*' (default: losses and scores); "
            "repeatable.",
        ),
    ] = None,
    spread: Annotated[
        Literal["range", "std", "runs"],
        typer.Option(
            help="Seeds of one configuration as their mean in a band (range or standard deviation), or each."
        ),
    ] = "range",
    smooth: Annotated[
        int, typer.Option(help="Draw means of this many rows.", **options.whole(1, ITERATIONS))
    ] = 1,
    overwrite: options.Overwrite = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Draw losses and scores of runs, also while they run: .png, .svg, .pdf, or a page (.html).

    Seeds of one configuration are one line in a band; where the training changes, a line is upright.
    """
    from disentangle_cli.rendering.figures import check_ending

    check_ending(out, "--out", (".html",))
    paths = options.expand_paths(runs)
    check_outputs({"--out": out}, paths, overwrite=overwrite)
    from disentangle_cli.api.plot import plot

    drawn = plot(paths, columns=options.listed(columns), spread=spread, smooth=smooth)
    check_outputs({"--out": out}, [run.folder / "log.csv" for run in drawn.runs], overwrite=True)
    drawn.save(out)
    emit_paths([out], fmt, drawn.to_json())

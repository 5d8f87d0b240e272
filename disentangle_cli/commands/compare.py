"""``dcr compare``: what differs between two results, two models or two runs."""

from typing import Annotated

import typer

from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit


@examples(
    "dcr compare old.json new.json  # two results of dcr score --format json",
    "dcr compare ckpts/beta-1.pt ckpts/beta-4.pt --format json",
)
def compare_cli(
    a: Annotated[str, typer.Argument(metavar="A", help="Scores (.json), a checkpoint or a run's folder.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other, of the same kind.")],
    force: Annotated[
        bool, typer.Option("--force", help="Show what does not compare side by side, without differences.")
    ] = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Compare two results, models or runs: numbers with intervals, and what changed in the configuration.

    Results of other data sets, protocols or factors are refused; another seed is told.
    """
    from disentangle_cli.api.compare import compare

    found = compare(a, b, force=force)
    if fmt is Format.table:
        for table in found.tables():
            emit({}, fmt, table.columns, table.rows, title=table.title)
        return
    numbers = [
        [one.model_a, one.model_b, one.metric, one.a, *(one.interval_a or [None] * 2), one.b,
         *(one.interval_b or [None] * 2), one.difference, one.reach, one.verdict]
        for one in found.numbers
    ]  # fmt: skip
    settings = [[None, None, name, old, None, None, now, *[None] * 5] for name, old, now in found.changes]
    columns = ["model_a", "model_b", "name", "a", "a_low", "a_high", "b", "b_low", "b_high"]
    emit(found.to_json(), fmt, [*columns, "difference", "reach", "verdict"], numbers + settings)

"""How far runs are and what their logs said last: as words, and as a table of a page."""

from collections.abc import Sequence

from disentangle_cli.rendering.curves_page import Numbers
from disentangle_cli.training.curves import Group
from disentangle_cli.training.records import Record


def progress_of(runs: Sequence[Record]) -> str:
    """How far runs are, in words."""
    over = sum(run.complete for run in runs)
    if over == len(runs):
        return "The run is complete." if len(runs) == 1 else f"All {len(runs)} runs are complete."
    least = min(
        (run for run in runs if not run.complete), key=lambda run: run.done / (run.length or run.done or 1)
    )
    of = f" of {least.length:,}" if least.length else ""
    return f"{over} of {len(runs)} runs are complete; {least.name} is at iteration {least.done:,}{of}."


def last_numbers(groups: Sequence[Group], columns: Sequence[str]) -> Numbers:
    """The latest number of each column, a row for each run."""
    rows = []
    for group in groups:
        for run in group.runs:
            last = run.last()
            rows.append([run.name, run.seed, run.done, *(last.get(column) for column in columns)])
    caption = "The latest number of each column of the logs"
    return Numbers("Latest numbers", caption, ["run", "seed", "iteration", *columns], rows)

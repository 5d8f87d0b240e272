"""``dcr.plot``: losses and scores of runs, also of those under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.nearest import choose_one
from disentangle_cli.output import log
from disentangle_cli.rendering.curves import Chart, draw_curves
from disentangle_cli.rendering.curves_page import draw_curves_page
from disentangle_cli.rendering.figures import check_ending, png, save_figure
from disentangle_cli.training.curves import Group, Spread, chart_of, choose_columns, group_runs
from disentangle_cli.training.records import LOG, Record, find_runs, read_run
from disentangle_cli.training.summary import last_numbers, progress_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGES = (".html",)


@dataclass(frozen=True, repr=False)
class Plot:
    """Curves of runs.

    Attributes:
        groups: runs of one configuration together.
        columns: what is drawn, by the names of the logs.
        chart: the curves.
    """

    groups: Sequence[Group]
    columns: Sequence[str]
    chart: Chart

    @property
    def runs(self) -> list[Record]:
        """All of them."""
        return [run for group in self.groups for run in group.runs]

    def figure(self) -> "Figure":
        """A matplotlib figure."""
        return draw_curves(self.chart)

    def save(self, path: str | Path) -> Path:
        """Write a picture (.png, .svg, .pdf) or a page (.html) by the ending of the name.

        Raises:
            UsageError: another ending.
        """
        if check_ending(path, "--out", PAGES) not in PAGES:
            return save_figure(self.figure(), path)
        return write_atomic(
            path,
            draw_curves_page(self.chart, [progress_of(self.runs)], [last_numbers(self.groups, self.columns)]),
        )

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.plot/1`` document, without paths."""
        runs = [_entry(run, group) for group in self.groups for run in group.runs]
        return document("plot", columns=list(self.columns), runs=runs)

    def __repr__(self) -> str:
        return f"Plot({len(self.runs)} runs: {', '.join(self.columns)})"

    def _repr_png_(self) -> bytes:
        return png(self.figure())


def plot(
    paths: str | Path | Sequence[str | Path] = "ckpts",
    *,
    columns: str | Sequence[str] = (),
    spread: Spread = "range",
    smooth: int = 1,
) -> Plot:
    """Draw losses and scores of one or many runs, as ``dcr plot`` does; runs may be under way.

    Args:
        paths: folders of runs or folders in which they are, checkpoints beside their runs' folders, or logs.
        columns: of the logs, by name or pattern (``score/*``), or ``all``; none: losses and scores.
        spread: seeds of one configuration as mean and ``range`` or ``std``, or all the ``runs``.
        smooth: rows whose mean is drawn.

    Raises:
        UsageError: a path without a run, a damaged log, an unknown column, or nothing to draw yet.
    """
    if spread not in get_args(Spread):
        raise UsageError(f"--spread {spread}: {choose_one(spread, get_args(Spread))}")
    if smooth < 1:
        raise UsageError(f"--smooth must be at least 1, not {smooth}")
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise UsageError("name at least one run, or the folder that runs are in")
    found = [read_run(folder) for folder in find_runs(given)]
    runs = [run for run in found if run.last()]
    if not runs:
        raise UsageError(f"{given[0]}: no {LOG} has a row yet; a run writes one every log.every iterations")
    for run in found:
        if not run.last():
            log(f"{run.folder}: {LOG} has no row yet")
    groups = group_runs(runs)
    wanted = choose_columns(runs, [columns] if isinstance(columns, str) else columns)
    title = f"{runs[0].name}" if len(runs) == 1 else f"{len(runs)} runs"
    return Plot(groups, wanted, chart_of(groups, wanted, spread=spread, smooth=smooth, title=title))


def _entry(run: Record, group: Group) -> dict[str, Any]:
    return {
        "run": run.name,
        "folder": str(run.folder),
        "model": run.config.get("model"),
        "dataset": run.config.get("dataset"),
        "seed": run.seed,
        "group": group.label,
        "iteration": run.done,
        "iterations": run.length,
        "complete": run.complete,
        "rows": len(run.iterations),
        "milestones": [{"iteration": at, "name": name} for at, name in run.milestones],
        "last": run.last(),
    }

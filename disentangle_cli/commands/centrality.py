"""``dcr centrality``: the best model of a pool, without labels."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disentangle_cli import output
from disentangle_cli.command_line.options import (
    Checkpoints,
    Device,
    DeviceName,
    ExecutorOption,
    FormatOption,
    Jobs,
    Precision,
    Seed,
    Sets,
    expand_paths,
    resolve_device,
)
from disentangle_cli.command_line.printing import Format
from disentangle_cli.commands._centrality_output import Outcome, notes, show
from disentangle_cli.commands._centrality_output import report as report_page
from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry

if TYPE_CHECKING:
    from disentangle_cli.datasets import Dataset
    from disentangle_cli.selection import Selection
    from disentangle_cli.selection.explain import Explanation
    from disentangle_cli.selection.pool import Pool
    from disentangle_cli.selection.selection import Task


METHOD_NAMES = Registry[object]("disentangle_cli.methods", "selection method").names()


class Inactive(StrEnum):
    """What happens to codes that do nothing."""

    auto = "auto"
    keep = "keep"


class Encode(StrEnum):
    """Which code an autoencoder gives for an image."""

    mean = "mean"
    sample = "sample"


def centrality_cli(
    checkpoints: Checkpoints,
    method: Annotated[
        str,
        typer.Option(
            help=f"Selection methods, comma-separated, or all: {', '.join(METHOD_NAMES)}. "
            "--select and --plot take the first named."
        ),
    ] = "model-centrality",
    inactive: Annotated[
        Inactive | None,
        typer.Option(help="keep: every code counts, the official rule; auto: leave out codes that do nothing "
                     "and correct for chance. Default: auto for GANs and VAEs in one pool, else keep.",
                     show_default=False),
    ] = None,
    encode: Annotated[
        Encode | None,
        typer.Option(help="Code of a VAE: posterior mean or sample. Default: sample with keep, else mean.",
                     show_default=False),
    ] = None,
    groups_per_code: Annotated[
        int | None, typer.Option(min=1, help="Groups of images per code.", show_default="100")
    ] = None,
    group_size: Annotated[
        int | None, typer.Option(min=2, help="Images per group.", show_default="100")
    ] = None,
    scale_images: Annotated[
        int | None,
        typer.Option(min=2, help="Images for the scale of each code; official: 73728.",
                     show_default="as many as its error asks for"),
    ] = None,
    precision: Annotated[
        Precision, typer.Option(help="Of the encoders of model-centrality; auto: bf16 where it is fast.")
    ] = Precision.auto,
    exact: Annotated[
        bool, typer.Option("--exact", help="Evaluate all pairs; the default up to 20 models.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(help="Look for the best with at most this part of all evaluations, say 0.02; auto: as "
                     "many as it takes to be sure, within limits. The default above 20 models.",
                     metavar="PART|auto", show_default=False),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(help="Images that UDR compares codes on: a data set, or generated (by the pool itself). "
                     "Default: the models' own data set if it is at hand, else generated.",
                     metavar="DATASET|generated", show_default=False),
    ] = None,
    sets: Sets = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Print the K best only.", metavar="K", show_default=False)
    ] = None,
    select: Annotated[
        Path | None,
        typer.Option(help="Copy the selected checkpoint to this file.", metavar="FILE", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw the matrix of scores as a PNG.", metavar="FILE", show_default=False),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(help="Tell which code of this model is which code of the others (from the votes of "
                     "model-centrality).", metavar="MODEL", show_default=False),
    ] = None,
    explain_plot: Annotated[
        Path | None,
        typer.Option(help="Draw the matching of codes that --explain found as a PNG.", metavar="FILE",
                     show_default=False),
    ] = None,
    labels_check: Annotated[
        str | None,
        typer.Option(help="For studies: score all models on this labelled data set, and tell how far each "
                     "pick is from the best.", metavar="DATASET", show_default=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write everything to one HTML page.", metavar="FILE", show_default=False),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Rank models of different data sets all the same.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Keep evaluated pairs on disk and use them again.")
    ] = True,
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    jobs: Jobs = None,
    executor: ExecutorOption = "local",
    fmt: FormatOption = Format.table,
) -> None:  # fmt: skip
    """Rank models without labels and pick the best.

    Models that disentangle well resemble each other: the one that agrees most with all others is the pick.

    Give checkpoints of one image size and one data set; GANs, VAEs and imported models may mix.
    """
    paths = expand_paths(checkpoints)
    _check_outputs({"--select": select, "--plot": plot, "--explain-plot": explain_plot, "--report": report})
    if explain_plot is not None and explain is None:
        raise UsageError(f"--explain-plot {explain_plot}: name the model with --explain")
    from disentangle_cli.images import save_picture
    from disentangle_cli.selection.explain import find_model
    from disentangle_cli.selection.pool import load_pool
    from disentangle_cli.selection.ranking import agreement
    from disentangle_cli.selection.selection import METHODS, Task
    from disentangle_cli.selection.settings import Settings
    from disentangle_cli.settings import read_assignments

    names = _methods(method)
    settings = Settings(**read_assignments(sets or [], "--set")).with_options(
        groups_per_code=groups_per_code,
        group_size=group_size,
        scale_images=scale_images,
        images_from=images,
        inactive=inactive and inactive.value,
        encode=encode and encode.value,
        precision=None if precision is Precision.auto else precision.value,
        budget=_budget(exact, budget),
    )  # fmt: skip
    runs = [METHODS.get(name) for name in names]
    pool = load_pool(paths, resolve_device(device), force, spare=select)
    if select is not None:
        _check_target(select, pool)
    explained = None if explain is None else find_model(explain, pool)
    labelled = None if labels_check is None else _open_labelled(labels_check, pool)
    task = Task(pool, seed, settings, jobs, cache, executor)
    selections = [run(task) for run in runs]
    outcome = Outcome(
        pool=pool,
        selections=selections,
        seed=seed,
        top=top,
        agreement=agreement(selections),
        explanation=None if explained is None else _explain(explained, selections, task),
        labels=None if labelled is None else _labels(selections, str(labels_check), labelled, task),
    )
    show(outcome, fmt)
    for note in notes(outcome):
        output.log(note)
    if select is not None:
        _copy(selections[0].selected, select)
    if plot is not None:
        output.log(f"drew {save_picture(selections[0].draw(), plot, optimize=True)}")
    if explain_plot is not None and outcome.explanation is not None:
        output.log(f"drew {save_picture(outcome.explanation.draw(), explain_plot, optimize=True)}")
    if report is not None:
        from disentangle_cli.files import write_atomic

        output.log(f"wrote {write_atomic(report, report_page(outcome))}")


def _explain(model: str, selections: list["Selection"], task: "Task") -> "Explanation":
    from disentangle_cli.methods.model_centrality import model_centrality
    from disentangle_cli.selection.explain import explain

    voted = next((selection for selection in selections if selection.votes is not None), None)
    return explain(model, voted or model_centrality(task), task.pool)


def _open_labelled(spec: str, pool: "Pool") -> "Dataset":
    from disentangle_cli.selection.labels_check import open_labelled

    return open_labelled(spec, pool.members[0].image_shape)


def _labels(selections: list["Selection"], spec: str, dataset: "Dataset", task: "Task") -> dict[str, Any]:
    from disentangle_cli.selection.labels_check import labels_check, supervised_scores

    return labels_check(selections, supervised_scores(task, spec, dataset), dataset)


def _budget(exact: bool, budget: str | None) -> float | str | None:
    if exact and budget is not None:
        raise UsageError("--exact evaluates all pairs; leave out --budget")
    if exact or budget in ("auto", None):
        return "exact" if exact else budget
    try:
        return float(budget)
    except ValueError:
        raise UsageError(f"--budget {budget}: give a part of all evaluations up to 1, or auto") from None


def _methods(text: str) -> list[str]:
    names = METHOD_NAMES if text == "all" else list(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in METHOD_NAMES:
            choices = ", ".join([*METHOD_NAMES, "all"])
            raise UsageError(f"unknown selection method {name!r}; choose one of: {choices}")
    return names


def _check_outputs(paths: dict[str, Path | None]) -> None:
    """Refuse before the work what would fail after it."""
    for option, path in paths.items():
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder; name a file in it")
        if option.endswith("plot") and path.suffix.lower() != ".png":
            raise UsageError(f"{option} {path}: the picture is a PNG, so the name must end in .png")


def _check_target(target: Path, pool: "Pool") -> None:
    """Refuse to overwrite a model whose content no other file of the pool holds."""
    twins = {duplicate.model for duplicate in pool.duplicates}
    twins |= {duplicate.same_as for duplicate in pool.duplicates}
    for name in pool.names:
        if name not in twins and target.exists() and target.samefile(name):
            raise UsageError(f"--select {target} would overwrite a model of the pool; choose another name")


def _copy(source: str, target: Path) -> None:
    import shutil

    from disentangle_cli.files import atomic

    if not (target.exists() and target.samefile(source)):
        with atomic(target) as temporary:
            shutil.copyfile(source, temporary)
    output.log(f"copied {source} to {target}")

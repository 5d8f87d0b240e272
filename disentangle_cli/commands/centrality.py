"""``dcr centrality``: the best model of a pool, without labels."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disentangle_cli import output
from disentangle_cli.commands._options import (
    Checkpoints,
    Device,
    DeviceName,
    FormatOption,
    Jobs,
    Seed,
    Sets,
    expand_paths,
    parse_assignments,
    resolve_device,
)
from disentangle_cli.errors import UsageError
from disentangle_cli.output import Format

if TYPE_CHECKING:
    from disentangle_cli.selection import Selection


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
        str, typer.Option(help="Comma-separated selection methods, or all; --select takes the first named.")
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
        int | None, typer.Option(min=2, help="Images for the scale of each code.", show_default="73728")
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
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Keep evaluated pairs on disk and use them again.")
    ] = True,
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    jobs: Jobs = 1,
    fmt: FormatOption = Format.table,
) -> None:  # fmt: skip
    """Rank models without labels and pick the best (ModelCentrality).

    Each model's encoder is tried on the images that every other model generates; the model that agrees
    most with all others is the pick. Give checkpoints of one image size.
    """
    paths = expand_paths(checkpoints)
    _check_outputs(select, plot)
    from disentangle_cli.selection._base import METHODS, Task
    from disentangle_cli.selection._pool import load_pool
    from disentangle_cli.selection._settings import Settings

    names = _methods(method, METHODS.names())
    settings = Settings().with_texts(parse_assignments(sets, "--set")).with_options(
        groups_per_code=groups_per_code,
        group_size=group_size,
        scale_images=scale_images,
        inactive=inactive and inactive.value,
        encode=encode and encode.value,
    )  # fmt: skip
    runs = [METHODS.get(name) for name in names]
    pool = load_pool(paths, resolve_device(device))
    if select is not None:
        _check_target(select, pool)
    selections = [run(Task(pool, seed, settings, jobs, cache)) for run in runs]
    if select is not None:
        _copy(selections[0].selected, select)
    if plot is not None:
        from disentangle_cli.selection._heatmap import save_heatmap

        output.log(f"drew {save_heatmap(selections[0], plot)}")
    _print(selections, pool, seed, top, fmt)


def _methods(text: str, known: list[str]) -> list[str]:
    names = known if text == "all" else list(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in known:
            choices = ", ".join([*known, "all"])
            raise UsageError(f"unknown selection method {name!r}; choose one of: {choices}")
    return names


def _check_outputs(select: Path | None, plot: Path | None) -> None:
    """Refuse before the work what would fail after it."""
    for option, path in (("--select", select), ("--plot", plot)):
        if path is not None and path.is_dir():
            raise UsageError(f"{option} {path} is a folder; name a file in it")
    if plot is not None and plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {plot}: the picture is a PNG, so the name must end in .png")


def _check_target(target: Path, pool: Any) -> None:
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


def _print(selections: list["Selection"], pool: Any, seed: int, top: int | None, fmt: Format) -> None:
    first = selections[0]
    document = output.document(
        "centrality",
        models=list(pool.names),
        duplicates=[{"model": d.model, "same_as": d.same_as} for d in pool.duplicates],
        seed=seed,
        device=pool.device,
        settings=first.settings,
        methods={selection.method: selection.to_json(top) for selection in selections},
    )
    columns = ["rank", "model", "score", "codes"]
    tables = [[[r.rank, r.model, r.score, r.codes] for r in s.ranking[:top]] for s in selections]
    if fmt is Format.table:
        for selection, rows in zip(selections, tables, strict=True):
            output.emit(document, fmt, columns, rows, title=selection.method)
    else:
        long = [[s.method, *row] for s, rows in zip(selections, tables, strict=True) for row in rows]
        output.emit(document, fmt, ["method", *columns], long)
    for selection in selections:
        output.log(f"{selection.method} selects {selection.selected}")

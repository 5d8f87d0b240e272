"""``dcr traverse``: see what each latent does."""

from typing import Annotated

import typer

from disentangle_cli.command_line.options import (
    Checkpoint,
    Device,
    DeviceName,
    FormatOption,
    Out,
    Seed,
    resolve_device,
)
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.documents import document

SMOOTH_STEPS = 21  # for what moves, unless --steps says otherwise


def traverse_cli(
    checkpoint: Checkpoint,
    out: Out,
    latents: Annotated[
        str | None,
        typer.Option(
            "--latents", metavar="NAME,...", help="Which latents; all codes unless named.", show_default=False
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=2, max=1000, help="Values a latent takes (default: 9; 21 for .gif and .html)."
        ),
    ] = None,
    anchor: Annotated[
        str,
        typer.Option(
            "--anchor",
            metavar="prior|mean|sample|FILE",
            help="Where the others are held: a prior draw, the prior's mean, three draws, a picture's codes.",
        ),
    ] = "prior",
    upscale: Annotated[
        int | None,
        typer.Option(
            "--upscale", min=1, max=64, help="Size of a pixel (default: images get at least 64 pixels)."
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    fmt: FormatOption = Format.table,
) -> None:
    """Draw a traversal: a labelled grid (.png), an animation (.gif) or a page with sliders (.html)."""
    from disentangle_cli.models import load_model
    from disentangle_cli.rendering import check_suffix, save_traversal
    from disentangle_cli.traversal import STEPS, traverse

    suffix = check_suffix(out)
    model = load_model(checkpoint, resolve_device(device))
    names = None if latents is None else [name.strip() for name in latents.split(",")]
    steps = steps or (STEPS if suffix == ".png" else SMOOTH_STEPS)
    traversal = traverse(model, names, steps=steps, anchor=anchor, seed=seed)
    title = f"{model.name}: {checkpoint}"
    save_traversal(traversal, out, upscale=upscale, title=title)
    rows = [{"latent": row.name, "values": row.values} for row in traversal.rows]
    emit_paths(
        [out], fmt, document("traverse", model=checkpoint, seed=seed, anchor=traversal.anchor, rows=rows)
    )

"""``dcr traverse``: see what each latent does."""

from typing import Annotated

import typer

from disentangle_cli.bounds import FRAMES, UPSCALE
from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit_paths


@examples(
    "dcr traverse best.pt --out traversal.html  # a page with sliders",
    "dcr traverse best.pt --latents c1,c3 --anchor photo.jpg --out strip.png",
)
def traverse_cli(
    checkpoint: options.Checkpoint,
    out: options.Out,
    latents: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Which latents; all codes unless named; repeatable."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Values a latent takes (default: 9; 21 where it moves).", **options.whole(2, FRAMES)
        ),
    ] = None,
    anchor: Annotated[
        str,
        typer.Option(
            metavar="prior|mean|sample|FILE",
            help="Where the others are held: a prior draw, the prior's mean, three draws, a picture's codes.",
        ),
    ] = "prior",
    upscale: Annotated[
        int | None,
        typer.Option(
            help="Size of a pixel (default: images get at least 64 pixels).", **options.whole(1, UPSCALE)
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Draw a traversal: a grid (.png), an animation (.gif, .webp, .mp4) or a page with sliders (.html)."""
    from disentangle_cli.api.traverse import SMOOTH_STEPS, traverse
    from disentangle_cli.rendering import check_suffix

    suffix = check_suffix(out)
    check_outputs({"--out": out}, [checkpoint, anchor], overwrite=overwrite)
    names = options.listed(latents) or None
    steps = steps or (None if suffix == ".png" else SMOOTH_STEPS)
    traversal = traverse(checkpoint, names, steps=steps, anchor=anchor, seed=seed, device=device)
    traversal.save(out, upscale=upscale)
    emit_paths([out], fmt, traversal.to_json())

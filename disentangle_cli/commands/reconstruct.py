"""``dcr reconstruct``: images of a data set beside what a model makes of their codes."""

from typing import Annotated

import typer

from disentangle_cli import output
from disentangle_cli.bounds import IMAGES, whole_number
from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.errors import UsageError


@examples(
    "dcr reconstruct best.pt --dataset dsprites --out pairs.png",
    "dcr reconstruct best.pt --dataset photos/ --rows 0,5,9 --out pairs.png",
)
def reconstruct_cli(
    checkpoint: options.Checkpoint,
    dataset: Annotated[
        str,
        typer.Option(metavar="DATASET", help="Which images: a name, a file or a folder.", **options.DATASET),
    ],
    out: options.Out,
    num: Annotated[
        int | None,
        typer.Option(
            "--num", "-n", help="How many images are drawn (default: 16).", **options.whole(1, IMAGES)
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(metavar="N,...", help="These images instead, counted from 0; repeatable."),
    ] = None,
    overwrite: options.Overwrite = False,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Draw images above their reconstructions, with the error of each (.png), or write arrays (.npz).

    The error is the mean squared error per pixel and channel, of values from 0 to 1.

    A GAN's reconstruction is G(Q(x)); its noise is drawn with the seed.
    """
    from disentangle_cli.api.reconstruct import NUM, check_suffix, reconstruct

    check_suffix(out)
    check_outputs({"--out": out}, [checkpoint, dataset], overwrite=overwrite)
    if rows and num is not None:
        raise UsageError("--rows and --num: give one of them")
    chosen = _places(options.listed(rows)) if rows else None
    found = reconstruct(checkpoint, dataset, num or NUM, rows=chosen, seed=seed, device=device)
    found.save(out)
    output.log(f"mean squared error per pixel: {found.error:.4g} over {len(found.rows):,} images")
    emit_paths([out], fmt, found.to_json())


def _places(texts: list[str]) -> list[int]:
    """The numbers that ``--rows`` lists.

    Raises:
        UsageError: one is no whole number from 0.
    """
    try:
        return [whole_number(0)(text) for text in texts]
    except ValueError as error:
        raise UsageError(f"--rows: {error}") from None

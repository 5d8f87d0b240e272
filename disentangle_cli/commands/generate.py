"""``dcr generate``: draw images from models, or encode a data set's images."""

from pathlib import Path
from typing import Annotated

import typer

from disentangle_cli.bounds import IMAGES
from disentangle_cli.command_line import closing, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_free, check_named, check_outputs
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.files import free_name


@examples(
    "dcr generate best.pt --num 64 --fix c1=0.5 --out samples.png",
    "dcr generate best.pt --encode photos/ --out codes.npz  # codes of pictures",
)
def generate_cli(
    checkpoints: options.Checkpoints,
    out: options.Out,
    num: Annotated[
        int | None,
        typer.Option(
            "--num",
            "-n",
            help="How many images (default: 64; with --encode all).",
            **options.whole(1, IMAGES),
        ),
    ] = None,
    fix: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Hold a latent at a value; repeatable.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--encode",
            metavar="DATASET",
            help="Write codes of a data set's images instead.",
            **options.DATASET,
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Generate images: an archive (.npz), a picture (.png) or a folder of pictures.

    Several checkpoints want a folder and get one of their own in it.

    With --encode the codes of a data set's images are written, as `dcr score` takes them.
    """
    from disentangle_cli.api.arguments import model_of
    from disentangle_cli.api.generate import NUM, encode, generate, is_folder, picture_names
    from disentangle_cli.generation import parse_fixed

    paths = options.expand_paths(checkpoints)
    if dataset is not None and fix:
        raise UsageError("--fix has no meaning with --encode: nothing is generated")
    check_named("--out", out)
    targets = _targets(paths, out, dataset is not None)
    for target in targets:
        if dataset is None and is_folder(target):
            check_outputs({}, [*paths, dataset])
            check_free("--out", [target / name for name in picture_names(num or NUM)], overwrite)
        else:
            check_outputs({"--out": target}, [*paths, dataset], overwrite=overwrite)
    models = [model_of(path, device) for path in paths]
    fixed = [parse_fixed(fix or [], model.latents) for model in models]
    written: list[Path] = []
    labelled = False
    for model, target, held in zip(models, targets, fixed, strict=True):
        if dataset is not None:
            codes = encode(model, dataset, num=num, seed=seed)
            labelled = "factors" in codes.arrays
            written.append(codes.save(target))
        else:
            written += generate(model, num or NUM, fix=held, seed=seed).save(target)
    emit_paths(written, fmt, document("generate", models=paths, seed=seed, fix=fixed[0], encode=dataset))
    if labelled:
        closing.close({}, [["dcr", "score", *closing.short(written)]])


def _targets(paths: list[str], out: Path, encode: bool) -> list[Path]:
    """Where each checkpoint's output goes.

    Raises:
        UsageError: a suffix that cannot be written, or one file for several checkpoints.
    """
    suffixes = {".npz"} if encode else {".npz", ".png"}
    folder = out.is_dir() or not out.suffix
    if not folder and out.suffix.lower() not in suffixes:
        raise UsageError(
            f"{out}: write to {' or '.join(sorted(suffixes))}, or to a folder (a name without suffix)"
        )
    if folder and out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a folder")
    if len(paths) == 1 and not (folder and encode):
        return [out]
    if not folder:
        raise UsageError(f"--out {out}: several checkpoints want a folder")
    names: list[str] = []
    for path in paths:
        names.append(free_name(Path(path).stem, names))
    return [out / (f"{name}.npz" if encode else name) for name in names]

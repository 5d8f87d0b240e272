"""``dcr generate``: draw images from models, or encode a data set's images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disentangle_cli.command_line.options import (
    Checkpoints,
    Device,
    DeviceName,
    FormatOption,
    Out,
    Seed,
    expand_paths,
    resolve_device,
)
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.output import warn

if TYPE_CHECKING:
    from disentangle_cli.datasets import Dataset
    from disentangle_cli.generation import Samples
    from disentangle_cli.models import Model

NUM = 64


def generate_cli(
    checkpoints: Checkpoints,
    out: Out,
    num: Annotated[
        int | None,
        typer.Option(
            "--num", "-n", min=1, help="How many images (default: 64; with --encode all).", show_default=False
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            "--fix", metavar="NAME=VALUE", help="Hold a latent at a value; repeatable.", show_default=False
        ),
    ] = None,
    encode: Annotated[
        str | None,
        typer.Option(
            "--encode",
            metavar="DATASET",
            help="Write codes of a data set's images instead.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = DeviceName.auto,
    fmt: FormatOption = Format.table,
) -> None:
    """Generate images: an archive (.npz), a picture (.png) or a folder of pictures.

    Several checkpoints want a folder and get one of their own in it.

    With --encode the codes of a data set's images are written, as `dcr score` takes them.
    """
    from disentangle_cli.generation import generate, parse_fixed
    from disentangle_cli.models import load_model

    paths = expand_paths(checkpoints)
    if encode is not None and fix:
        raise UsageError("--fix has no meaning with --encode: nothing is generated")
    targets = _targets(paths, out, encode is not None)
    models = [load_model(path, resolve_device(device)) for path in paths]
    fixed = [parse_fixed(fix or [], model.latents) for model in models]
    written: list[Path] = []
    for model, target, held in zip(models, targets, fixed, strict=True):
        if encode is not None:
            written += _write_codes(model, _dataset(encode, model), target, num, seed)
        else:
            written += _write_samples(generate(model, num or NUM, seed=seed, fix=held), target)
    emit_paths(written, fmt, document("generate", models=paths, seed=seed, fix=fixed[0], encode=encode))


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
        stem = name = Path(path).stem
        copies = 1
        while name in names:
            copies += 1
            name = f"{stem}-{copies}"
        names.append(name)
    return [out / (f"{name}.npz" if encode else name) for name in names]


def _dataset(spec: str, model: "Model") -> "Dataset":
    from disentangle_cli.datasets import open_dataset

    channels, height, _ = model.image_shape
    return open_dataset(spec, size=height, channels=channels)


def _write_codes(model: "Model", dataset: "Dataset", target: Path, num: int | None, seed: int) -> list[Path]:
    from disentangle_cli.data.npz_writer import write_npz
    from disentangle_cli.generation import encode_dataset

    write_npz(target, encode_dataset(model, dataset, num=num, seed=seed))
    return [target]


def _write_samples(samples: "Samples", target: Path) -> list[Path]:
    from disentangle_cli.data.npz_writer import write_npz
    from disentangle_cli.images import save_picture, to_picture
    from disentangle_cli.rendering.grid import draw_samples

    if target.suffix.lower() == ".npz":
        write_npz(target, samples.arrays())
        return [target]
    if target.suffix.lower() == ".png" and not target.is_dir():
        return [save_picture(draw_samples(samples.images), target)]
    digits = max(5, len(str(len(samples.images) - 1)))
    names = [f"{index:0{digits}d}.png" for index in range(len(samples.images))]
    if target.is_dir() and (others := {file.name for file in target.glob("*.png")} - set(names)):
        warn(f"{target} already holds {len(others)} other pictures; they stay")
    return [
        save_picture(to_picture(image), target / name)
        for name, image in zip(names, samples.images, strict=True)
    ]

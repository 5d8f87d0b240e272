"""``dcr data``: list the data sets, write their images to a file, check a file or folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disentangle_cli.bounds import IMAGES
from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.command_line.printing import Format, emit, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError

if TYPE_CHECKING:
    from disentangle_cli.datasets import Dataset

data_app = typer.Typer(help="List, render and check data sets.", no_args_is_help=True)

Size = Annotated[
    int | None,
    typer.Option(
        "--size", help="Side that a folder's images are resized to (64 by default).", **options.whole(1)
    ),
]
Channels = Annotated[
    int | None,
    typer.Option(
        "--channels", help="1 or 3: read a folder as grey or as colour, not as found.", **options.whole(1)
    ),
]


@data_app.command("list")
@examples(
    "dcr data list",
    "dcr data list --format json  # sizes and factors of each, for scripts",
)
def list_cli(fmt: options.FormatOption = Format.table) -> None:
    """List the data sets that dcr has by name."""
    from disentangle_cli.datasets import DATASETS

    found = [make().to_json() | {"about": _about(make)} for _, make in DATASETS.working()]
    rows: list[list[object]] = [
        [d["name"], d["images"], _shape(d["shape"]), _factors(d["factors"]), d["cached"], d["about"]]
        for d in found
    ]
    doc = document("data-list", datasets=found)
    columns = ["name", "images", "shape", "factors", "cached", "what it is"]
    emit(doc, fmt, columns, rows, prose=["factors", "what it is"], optional=["cached", "shape"])


@data_app.command("render")
@examples(
    "dcr data render toy --out toy.npz  # images and labels",
    "dcr data render dsprites --num 1000 --seed 1 --out some.npz",
)
def render_cli(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Data set: a name, a file or a folder.", **options.DATASET)
    ],
    out: options.Out,
    overwrite: options.Overwrite = False,
    num: Annotated[
        int | None,
        typer.Option(help="So many different images, at random (--seed).", **options.whole(1, IMAGES)),
    ] = None,
    seed: options.Seed = 0,
    indices: Annotated[
        Path | None, typer.Option(help="The images listed in this .npy file, in its order.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    class_folders: options.ClassFolders = True,
    skip_broken: options.SkipBroken = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Write images and labels of a data set to an npz file (all of them, unless told otherwise)."""
    if out.suffix != ".npz":
        raise UsageError(f"--out {out}: the name must end in .npz")
    if num is not None and indices is not None:
        raise UsageError("give --num or --indices, not both")
    from disentangle_cli.data.export import choose, export
    from disentangle_cli.datasets import open_dataset

    check_outputs({"--out": out}, [name, indices], overwrite=overwrite)
    dataset = open_dataset(
        name, size=size, channels=channels, class_folders=class_folders, skip_broken=skip_broken
    )
    chosen = choose(dataset, num, seed, indices)
    export(dataset, chosen, out)
    doc = document("data-render", dataset=dataset.name, images=len(chosen), seed=seed)
    emit_paths([out], fmt, doc)


@data_app.command("check")
@examples(
    "dcr data check photos/ --sheet sheet.png  # what training will see",
    "dcr data check scans.zip --size 128 --channels 1 --skip-broken",
)
def check_cli(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file, a folder or a name.", **options.DATASET)
    ],
    size: Size = None,
    channels: Channels = None,
    class_folders: options.ClassFolders = True,
    skip_broken: options.SkipBroken = False,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw images as training will see them.")
    ] = None,
    overwrite: options.Overwrite = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Read a whole data set and say what it is; exit 2 if it cannot be used.

    A set with dSprites' images and factors is compared with the renderer, pixel by pixel.
    """
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet {sheet}: the name must end in .png")
    check_outputs({"--sheet": sheet}, [path], overwrite=overwrite)
    from disentangle_cli.data.picture_report import lines, named
    from disentangle_cli.datasets import open_dataset

    dataset = open_dataset(
        path, size=size, channels=channels, class_folders=class_folders, skip_broken=skip_broken
    )
    found = _check(dataset)
    if sheet is not None:
        from disentangle_cli.images import save_picture
        from disentangle_cli.rendering.sheet import draw_sheet

        save_picture(draw_sheet(dataset), sheet, optimize=True)
    # numbers as text: one column holds both
    rows: list[list[object]] = [
        ["kind", found["kind"]],
        ["name", found["name"]],
        ["images", str(found["images"])],
        ["shape", _shape(found["shape"])],
        ["values", "{} to {}".format(*found["value_range"])],
        ["black and white", found["black_and_white"]],
        ["factors", _factors(found["factors"])],
        ["fingerprint", found["fingerprint"]],
    ]
    if (report := found["pictures"]) is not None:
        rows += [[name, text] for name, text in lines(report)]
    if found["ignored"]:
        rows.append(["ignored", named(found["ignored"])])
    if (compared := found["dsprites"]) is not None:
        rows += [
            ["images unlike dSprites", str(compared["differing_images"])],
            ["pixels unlike dSprites", str(compared["differing_pixels"])],
        ]
    emit(document("data-check", path=path, **found), fmt, ["property", "value"], rows, prose=["value"])


def _check(dataset: "Dataset") -> dict[str, Any]:
    from dataclasses import asdict

    from disentangle_cli.data.check import compare_with_dsprites, value_range
    from disentangle_cli.data.packed_cache import read_all
    from disentangle_cli.scoring.restrict import restrict_dataset

    if dataset.pixels:
        read_all(dataset.pixels)
    compared = compare_with_dsprites(dataset)
    return {
        "kind": dataset.kind,
        **restrict_dataset(dataset).to_json(),  # the classes that occur
        "value_range": value_range(dataset),
        "black_and_white": dataset.is_binary,
        "fingerprint": dataset.fingerprint,
        "ignored": list(dataset.ignored),
        "pictures": dataset.report,
        "dsprites": compared and asdict(compared),
    }


def _about(make: Callable[[], "Dataset"]) -> str:
    """The first line of its module's docstring."""
    return (sys.modules[make.__module__].__doc__ or "").strip().partition("\n")[0]


def _shape(shape: list[int]) -> str:
    return "x".join(str(n) for n in shape)


def _factors(factors: list[dict[str, Any]]) -> list[str]:
    return [f"{f['name']} {f['size']}" for f in factors] or ["none"]

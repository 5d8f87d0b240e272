"""``dcr import``: checkpoints from models that were trained elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from disentangle_cli.command_line import closing, completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.importing.run import Report, Target

import_app = typer.Typer(
    help="Import models that were trained elsewhere. Nothing in their files is run.", no_args_is_help=True
)

Folders = Annotated[
    list[Path], typer.Argument(metavar="DIR", help="Model folders, or folders of training runs.")
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE.pt|DIR", help="A file, or a folder for files.")
]
TrainedOn = Annotated[
    str | None,
    typer.Option(
        metavar="DATASET", help="What it was trained on: a data set's name or path.", **options.DATASET
    ),
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Go on past folders that cannot be taken, saying why.")
]
CKPTS = Path("ckpts")


@import_app.command("disvae")
@examples(
    "dcr import disvae results/btcvae_dsprites --trained-on dsprites",
    "dcr import disvae results/* --skip-bad --out pool",
)
def disvae_cli(
    folders: Folders,
    out: Out = CKPTS,
    trained_on: TrainedOn = None,
    skip_bad: SkipBad = False,
    overwrite: options.Overwrite = False,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Import experiment folders of disentangling-vae (model.pt and specs.json)."""
    from disentangle_cli.importing.run import import_folders

    target = _target(out, trained_on, overwrite, 0, device)
    _print("disvae", import_folders("disvae", folders, target, skip_bad), target, fmt)


@import_app.command("pythae")
@examples(
    "dcr import pythae runs/VAE_training_2024/final_model --out vae.pt",
    "dcr import pythae runs/* --trained-on photos/ --skip-bad --out pool",
)
def pythae_cli(
    folders: Folders,
    out: Out = CKPTS,
    trained_on: TrainedOn = None,
    skip_bad: SkipBad = False,
    overwrite: options.Overwrite = False,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Import model folders of pythae (model.pt and model_config.json), or its runs' final models.

    Networks that exist only as code (encoder.pkl) are not taken, except those of pythae's benchmark. An
    autoencoder without a prior gets a Gaussian fitted to its codes of the images that --trained-on names.
    """
    from disentangle_cli.importing.run import import_folders

    target = _target(out, trained_on, overwrite, seed, device)
    _print("pythae", import_folders("pythae", folders, target, skip_bad), target, fmt)


@import_app.command("onnx")
@examples(
    "dcr import onnx --encoder e.onnx --decoder d.onnx --latents normal:10",
    "dcr import onnx --encoder e.onnx --decoder d.onnx --latents uniform:5:-1:1",
)
def onnx_cli(
    encoder: Annotated[
        Path, typer.Option(metavar="FILE", help="Images to codes: means, or means and log-variances.")
    ],
    decoder: Annotated[Path, typer.Option(metavar="FILE", help="Latents to images.")],
    latents: Annotated[
        str,
        typer.Option(
            metavar="PRIOR:DIM",
            help="Prior of the decoder's input: normal:10, or e.g. uniform:5:-1:1,normal:5:noise.",
        ),
    ],
    input_range: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="Black and white for the encoder: 0:1, -1:1.")
    ] = "0:1",
    gives: Annotated[
        Literal["probs", "logits", "tanh"], typer.Option("--output", help="What the decoder gives.")
    ] = "probs",
    encoder_outputs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEAN,NAME:KIND",
            help="Outputs with means and spreads, if names do not tell; kinds: logvar, logstd, var, std.",
        ),
    ] = None,
    out: Out = CKPTS,
    trained_on: TrainedOn = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Import an encoder and a decoder in ONNX, of any framework; their bytes go into the checkpoint."""
    from disentangle_cli.importing.run import import_one

    target = _target(out, trained_on, overwrite, 0, device)
    names = options.listed(encoder_outputs) or None
    report = import_one("onnx", decoder.stem, target, encoder, decoder, latents, input_range, gives, names)
    _print("onnx", report, target, fmt)


@import_app.command("state-dict")
@examples(
    "dcr import state-dict vae.pth --arch burgess --map names.yaml",
    "dcr import state-dict g.pth --arch infogan-64 --map m.yaml --out gan.pt",
)
def state_dict_cli(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A torch.save file.")],
    arch: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Which architecture of dcr it is.", **completion.one_of("architectures")
        ),
    ],
    map_file: Annotated[
        Path,
        typer.Option(
            "--map",
            metavar="MAP.yaml",
            help="Image size, latents and names of the weights; see docs/import.md.",
        ),
    ],
    out: Out = CKPTS,
    trained_on: TrainedOn = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "auto",
    fmt: options.FormatOption = Format.table,
) -> None:
    """Import weights of one of dcr's architectures under other names."""
    from disentangle_cli.importing.run import import_one

    target = _target(out, trained_on, overwrite, 0, device)
    _print("state-dict", import_one("state-dict", file.stem, target, file, arch, map_file), target, fmt)


def _target(out: Path, trained_on: str | None, overwrite: bool, seed: int, device: str) -> "Target":
    from disentangle_cli.devices import pick_device
    from disentangle_cli.importing.run import Target

    return Target(out, trained_on, overwrite, seed, str(pick_device(device)))


def _print(source: str, report: "Report", target: "Target", fmt: Format) -> None:
    doc = document("import", source=source, seed=target.seed, models=report.models, skipped=report.skipped)
    emit_paths(report.paths, fmt, doc)
    many = ["dcr", "centrality", *closing.short(report.paths), "--select", "best.pt"]
    look: list[str | Path] = ["dcr", "traverse", *report.paths[:1], "--out", "traversal.html"]
    closing.close({}, [many if len(report.paths) > 1 else look])

"""``dcr export``: a model as files that other programs read."""

from pathlib import Path
from typing import Annotated

import typer

from disentangle_cli import output
from disentangle_cli.command_line import completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.outputs import check_free, check_named
from disentangle_cli.command_line.printing import Format, emit_paths
from disentangle_cli.errors import UsageError

FORMATS = completion.names("exports")


@examples(
    "dcr export best.pt --to onnx  # best-onnx/generator.onnx and encoder.onnx",
    "dcr export best.pt --to safetensors --out weights",
)
def export_cli(
    checkpoint: options.Checkpoint,
    to: Annotated[
        str,
        typer.Option(metavar="FORMAT", help=f"One of: {', '.join(FORMATS)}.", **completion.one_of("exports")),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder for the files (default: <model>-<format> here)."
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Write a model's generator and encoder for other programs, read back and compared with the model.

    The lines of Python that load the files are told on stderr, and with --format json under "code".
    """
    from disentangle_cli.api.export import default_folder, export
    from disentangle_cli.exporting import EXPORTS

    files = EXPORTS.get(to).files
    folder = default_folder(checkpoint, to) if out is None else out
    check_named("--out", folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder}: is a file; name a folder, for {' and '.join(files)}")
    check_free("--out", [folder / name for name in files], overwrite)
    exported = export(checkpoint, to, folder)
    emit_paths(exported.paths, fmt, exported.to_json())
    deviation = exported.deviation
    output.log(
        f"read back: images differ by at most {deviation.images:.2g}, codes by {deviation.codes:.2g} "
        f"({deviation.tolerance:g} is allowed)"
    )
    output.log("to load it:")
    for line in exported.code.splitlines():
        output.log(f"    {line}")

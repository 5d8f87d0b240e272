"""Option and argument types the commands share, so that one thing is spelled one way everywhere."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from disentangle_cli.command_line.printing import Format
from disentangle_cli.errors import UsageError
from disentangle_cli.reading import explained

PosteriorCode = Literal["mean", "sample"]
"""Which code a model with a posterior gives for an image."""
Precision = Literal["auto", "fp32", "bf16"]
"""In which numbers networks compute; auto: bf16 where the hardware has it."""

Checkpoints = Annotated[
    list[str], typer.Argument(metavar="CKPT", help="Checkpoint files; - reads paths from stdin.")
]
Checkpoint = Annotated[str, typer.Argument(metavar="CKPT", help="Checkpoint file.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks run; auto: a GPU if there is one.")
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Tasks at once (default: 1; on a cluster all).")
]
ExecutorOption = Annotated[
    str,
    typer.Option(
        metavar="local|dask[=ADDR]|ray[=ADDR]",
        help="Where they run: here, or on a cluster (docs/cluster.md).",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        metavar="paper|all|A,B",
        help="Metrics by name, the seven of the paper, or all; repeatable, the lists add up.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the data.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where to write.")]
Report = Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything to one HTML page.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a setting (dcr settings lists them); repeatable."
    ),
]


def listed(lists: list[str] | None) -> list[str]:
    """The names in the lists ``a,b`` of an option that may be given again and again; none if it was not."""
    return [name.strip() for part in lists or () for name in part.split(",")]


def expand_paths(arguments: list[str]) -> list[str]:
    """The arguments with each ``-`` replaced by the lines of stdin.

    Raises:
        UsageError: nothing is left, or ``-`` is given twice.
    """
    paths: list[str] = []
    if arguments.count("-") > 1:
        raise UsageError("'-' (read the list from stdin) can be given only once")
    for argument in arguments:
        if argument == "-":
            with explained("stdin", "not a list of paths"):
                paths += [line.strip() for line in sys.stdin if line.strip()]
        else:
            paths.append(argument)
    if not paths:
        raise UsageError("no checkpoint was named: the list from stdin is empty")
    return paths

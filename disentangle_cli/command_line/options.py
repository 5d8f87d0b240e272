"""Option and argument types the commands share, so that one thing is spelled one way everywhere."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from disentangle_cli.bounds import JOBS, SEED, AtMost, whole_number
from disentangle_cli.command_line import completion
from disentangle_cli.command_line.printing import Format
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.protocols import PROTOCOLS
from disentangle_cli.numerals import read_number
from disentangle_cli.reading import explained

PosteriorCode = Literal["mean", "sample"]
"""Which code a model with a posterior gives for an image."""
Precision = Literal["auto", "fp32", "bf16"]
"""In which numbers networks compute; auto: bf16 where the hardware is faster with it."""


def whole(least: int, bound: AtMost | None = None) -> dict[str, Any]:
    """Keywords of an option that takes a whole number from ``least``, within ``bound``."""
    read = whole_number(least, bound)

    def parse(text: str | int) -> int:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return {"parser": parse, "metavar": "N"}


def decimal(text: str | float) -> float:
    """Parse an option that takes a finite number."""
    number = read_number(text) if isinstance(text, str) else text
    if number is None or not abs(number) < float("inf"):
        raise typer.BadParameter(f"{text!r} is no finite number")
    return float(number)


Checkpoints = Annotated[
    list[str], typer.Argument(metavar="CKPT", help="Checkpoint files; - reads paths from stdin.")
]
Checkpoint = Annotated[str, typer.Argument(metavar="CKPT", help="Checkpoint file.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", **whole(0, SEED))]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks run; auto: a GPU if there is one.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", help="Tasks at once (default: 1; on a cluster all).", **whole(1, JOBS)),
]
ExecutorOption = Annotated[
    str,
    typer.Option(
        metavar="local|dask[=ADDR]|ray[=ADDR]",
        help="Where they run: here, or on a cluster (docs/cluster.md).",
        **completion.one_of("executors"),
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        metavar="paper|all|A,B",
        help="Metrics by name, the seven of the paper, or all; repeatable, the lists add up.",
        **completion.several_of("metrics", "paper", "all", separator="_"),
    ),
]
MODEL_NAMES = completion.names("models")
ModelName = Annotated[
    str,
    typer.Option("--model", "-m", help=f"One of: {', '.join(MODEL_NAMES)}.", **completion.one_of("models")),
]
Protocol = Annotated[
    str,
    typer.Option(
        help=f"{' or '.join(PROTOCOLS)}: sample counts, variants, splits.",
        autocompletion=completion.protocols,
    ),
]
DATASET = completion.one_of("datasets")
"""Keywords of an option that takes a data set by name (or by path, which shells complete as they do)."""
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the data.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where to write.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that are there, which stay otherwise.")
]
Report = Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything to one HTML page.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting (dcr settings lists them); repeatable.",
        autocompletion=completion.keys,
    ),
]

ClassFolders = Annotated[
    bool,
    typer.Option(
        "--class-folders/--no-class-folders",
        help="Folders in a folder are the classes of a factor (where there is no factors.csv).",
    ),
]
SkipBroken = Annotated[
    bool, typer.Option("--skip-broken", help="Leave out pictures that cannot be read, and list them.")
]


def listed(lists: list[str] | None) -> list[str]:
    """The names in the lists ``a,b`` of an option that may be given again and again; none if it was not."""
    return [name.strip() for part in lists or () for name in part.split(",")]


MAX_LIST = 2**24
"""Characters of a list of paths on stdin."""


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
                text = sys.stdin.read(MAX_LIST + 1)
            if len(text) > MAX_LIST:
                raise UsageError(f"stdin: too long for a list of paths (more than {MAX_LIST:,} characters)")
            paths += [line.strip() for line in text.split("\n") if line.strip()]
        else:
            paths.append(argument)
    if not paths:
        raise UsageError("no checkpoint was named: the list from stdin is empty")
    if broken := [path for path in paths if "\0" in path]:
        raise UsageError(f"{broken[0]!r} is no path; write one a line")
    return paths

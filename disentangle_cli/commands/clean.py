"""``dcr clean``: remove the resume states of finished runs."""

from pathlib import Path
from typing import Annotated

import typer

from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document


@examples(
    "dcr clean ckpts --dry-run  # what would go, and how much it frees",
    "dcr clean ckpts studies/*",
)
def clean_cli(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR", help="Folders of checkpoints, as train --out has them.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, tell the same.")] = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Remove the resume states of finished runs, which are four times as large as their checkpoints.

    Those of unfinished runs and of runs under way stay, and so does everything else.
    """
    from disentangle_cli.bounds import size_in_words
    from disentangle_cli.output import log
    from disentangle_cli.upkeep.finished import clean

    found = clean(folders, dry_run)
    freed = sum(state.bytes for state in found if not state.reason)
    word = "would go" if dry_run else "removed"
    states = [
        {
            "path": str(state.path),
            "bytes": state.bytes,
            "removed": not (state.reason or dry_run),
            "reason": state.reason,
        }
        for state in found
    ]
    rows = [[state.path, size_in_words(state.bytes), state.reason or word] for state in found]
    if fmt is Format.csv:
        rows = [[state.path, state.bytes, state.reason or word] for state in found]
    doc = document("clean", dry_run=dry_run, freed=freed, states=states)
    emit(doc, fmt, ["state", "size", "what"], rows, prose=["what"])
    count = sum(not state.reason for state in found)
    would = "would free" if dry_run else "freed"
    log(f"{would} {size_in_words(freed) if freed else 'nothing'}: {count} of {len(found)} resume states")

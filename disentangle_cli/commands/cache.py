"""``dcr cache``: what dcr keeps to be faster the next time."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.upkeep.caches import Kept

cache_app = typer.Typer(help="List and clear what is kept to be faster the next time.", no_args_is_help=True)

COLUMNS = ["kind", "name", "files", "size", "changed", "what it is for"]


@cache_app.command("list")
@examples(
    "dcr cache list",
    "dcr cache list --format csv  # every file with its bytes",
)
def list_cli(fmt: options.FormatOption = Format.table) -> None:
    """List what is in the cache folder ($DCR_CACHE): sizes, and what each thing is for."""
    from disentangle_cli.bounds import size_in_words
    from disentangle_cli.files import cache_dir
    from disentangle_cli.output import log
    from disentangle_cli.upkeep.caches import foreign, kept

    found, others = kept(), foreign()
    doc = document(
        "cache-list",
        folder=str(cache_dir()),
        bytes=sum(one.bytes for one in found),
        files=[_document(one) for one in found],
        foreign=list(map(str, others)),
    )
    if fmt is Format.csv:
        rows = [[one.kind.name, one.path, one.bytes, _day(one.changed), one.kind.purpose] for one in found]
        emit(doc, fmt, ["kind", "path", "bytes", "changed", "purpose"], rows)
    else:
        emit(doc, fmt, COLUMNS, _rows(found), prose=COLUMNS[-1:], optional=["changed", "files"])
    held = f"{size_in_words(doc['bytes'])}, which `dcr cache clear` frees" if found else "nothing of dcr's"
    log(f"{cache_dir()} holds {held}")
    if others:
        log(f"{len(others)} files there are not dcr's, such as {others[0]}; they stay")


@cache_app.command("clear")
@examples(
    "dcr cache clear --dry-run  # what would go",
    "dcr cache clear evaluations  # of one kind, or of one name that list shows",
)
def clear_cli(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="KIND|NAME", help="Kinds or names that dcr cache list shows; all by default."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, tell the same.")] = False,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Remove what is kept; it is made again when it is needed.

    Files that are not dcr's stay, and so does what another process is making right now.
    """
    from disentangle_cli.bounds import size_in_words
    from disentangle_cli.output import log, warn
    from disentangle_cli.upkeep.caches import choose, clear, kept

    removed, stayed = clear(choose(kept(), options.listed(names)), dry_run)
    freed = sum(one.bytes for one in removed)
    doc = document(
        "cache-clear",
        dry_run=dry_run,
        freed=freed,
        removed=[_document(one) for one in removed],
        kept=[{"path": str(one.path), "reason": one.reason} for one in stayed],
    )
    if fmt is Format.csv:
        emit(doc, fmt, ["kind", "path", "bytes"], [[one.kind.name, one.path, one.bytes] for one in removed])
    else:
        emit(doc, fmt, COLUMNS[:-1], [row[:-1] for row in _rows(removed)])
    for one in stayed:
        warn(f"{one.path} stays: {one.reason}")
    log(f"{'would free' if dry_run else 'freed'} {size_in_words(freed) if removed else 'nothing'}")


def _document(one: "Kept") -> dict[str, object]:
    return {
        "kind": one.kind.name,
        "path": str(one.path),
        "bytes": one.bytes,
        "changed": _day(one.changed),
        "purpose": one.kind.purpose,
    }


def _rows(found: list["Kept"]) -> list[list[object]]:
    """One for each thing that has a name; of the many small files of a kind one for all."""
    from disentangle_cli.bounds import size_in_words
    from disentangle_cli.upkeep.caches import KINDS

    rows: list[list[object]] = []
    for kind in KINDS:
        own = [one for one in found if one.kind is kind]
        groups = [own] if kind.many and own else [[one] for one in own]
        for group in groups:
            name = None if kind.many else group[0].path.name
            size = size_in_words(sum(one.bytes for one in group))
            changed = _day(max(one.changed for one in group))
            rows.append([kind.name, name, len(group), size, changed, kind.purpose])
    return rows


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")[:10]

"""What dcr says: data on stdout, everything else on stderr, and exit codes for errors.

Library code may call :func:`log`, :func:`detail`, :func:`warn` and :func:`progress` freely: nothing is
printed until the command line calls :func:`configure`, so Python users see no output.
"""

import contextlib
import csv
import importlib.metadata
import io
import json
import math
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from disentangle_cli.progress import Progress

VERSIONED = ("torch", "numpy", "scikit-learn")
MISSING = "-"  # in a table
UNPRINTABLE = "\ufffd"
WIDE = 100_000  # characters, wider than any table


class Format(StrEnum):
    """How a command prints its data."""

    table = "table"
    json = "json"
    csv = "csv"


@dataclass
class _Settings:
    quiet: bool = True
    verbose: bool = False
    debug: bool = False


_settings = _Settings()


_kept_warnings: ContextVar[list[str] | None] = ContextVar("_kept_warnings", default=None)


def configure(*, quiet: bool | None = None, verbose: bool | None = None, debug: bool | None = None) -> None:
    """Set what reaches stderr; ``None`` leaves a setting as it is. Called by the command line only."""
    if quiet is not None:
        _settings.quiet = quiet
    if verbose is not None:
        _settings.verbose = verbose
    if debug is not None:
        _settings.debug = debug


def debugging() -> bool:
    """Whether tracebacks are wanted (``--debug`` or ``DCR_DEBUG=1``)."""
    return _settings.debug


def one_line(text: object) -> str:
    """The text with every run of white space, line breaks included, made one blank.

    What steers a terminal, or cannot be printed, becomes a replacement character: texts come from files, too.
    """
    line = " ".join(str(text).split())
    return (
        line if line.isprintable() else "".join(sign if sign.isprintable() else UNPRINTABLE for sign in line)
    )


def log(message: str) -> None:
    """Tell what is being done (stderr; not with ``--quiet``)."""
    if not _settings.quiet:
        _stderr(message)


def detail(message: str) -> None:
    """Tell what only ``--verbose`` asks for (stderr)."""
    if _settings.verbose and not _settings.quiet:
        _stderr(message)


def warn(message: str) -> None:
    """Warn in one line (stderr; not with ``--quiet``)."""
    if (kept := _kept_warnings.get()) is not None:
        kept.append(message)
    elif not _settings.quiet:
        _stderr(f"warning: {one_line(message)}")


@contextlib.contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Collect warnings instead of printing them: for a worker, whose stderr nobody may read."""
    kept: list[str] = []
    token = _kept_warnings.set(kept)
    try:
        yield kept
    finally:
        _kept_warnings.reset(token)


def progress(
    iterable: Iterable[Any] | None = None,
    *,
    total: float | None = None,
    desc: str,
    unit: str = "it",
    initial: float = 0,
) -> Progress:
    """A progress display on stderr: a bar on a terminal, else a plain line at most every 10 seconds.

    Iterate over it, or use it as a context manager and call ``update(n)``; ``initial`` units are done.
    """
    return Progress(iterable, total=total, desc=desc, unit=unit, initial=initial, silent=_settings.quiet)


def versions() -> dict[str, str]:
    """Versions of dcr, Python and the packages numbers depend on, without importing them."""
    from disentangle_cli import __version__

    found = {"dcr": __version__, "python": platform.python_version()}
    for package in VERSIONED:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


def document(command: str, **fields: Any) -> dict[str, Any]:
    """The JSON document of a command: schema and versions first, then ``fields``."""
    return {"schema": f"dcr.{command}/1", "versions": versions(), **fields}


def jsonable(x: Any) -> Any:
    """``x`` in plain JSON types: numpy and torch values unpacked, non-finite numbers ``None``."""
    if x is None or isinstance(x, bool | str):
        return str(x) if isinstance(x, str) else x
    if isinstance(x, int):
        return int(x)
    if isinstance(x, float):
        return float(x) if math.isfinite(x) else None
    if isinstance(x, Mapping):
        return {str(key): jsonable(value) for key, value in x.items()}
    if isinstance(x, list | tuple | set | frozenset):
        return [jsonable(value) for value in x]
    if isinstance(x, Path):
        return str(x)
    if hasattr(x, "tolist"):  # numpy scalars and arrays, torch tensors
        return jsonable(x.tolist())
    raise TypeError(f"no JSON form for {type(x).__name__}")


def to_json(doc: Any) -> str:
    """``doc`` as indented JSON text that any parser reads (no NaN or Infinity)."""
    return json.dumps(jsonable(doc), indent=2, ensure_ascii=False, allow_nan=False)


def emit(
    doc: dict[str, Any],
    fmt: Format,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str | None = None,
) -> None:
    """Print a command's data to stdout: ``doc`` as JSON, or ``columns`` and ``rows`` as CSV or a table."""
    if fmt is Format.json:
        _stdout(to_json(doc))
    elif fmt is Format.csv:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_csv_cell(cell) for cell in row] for row in rows])
        _stdout(buffer.getvalue().removesuffix("\n"))
    else:
        _print_table(columns, rows, title)


def emit_paths(paths: Iterable[str | Path], fmt: Format, doc: dict[str, Any] | None = None) -> None:
    """Print the paths a command wrote: one a line, or ``doc`` with ``"paths"`` added as JSON."""
    names = [str(path) for path in paths]
    if fmt is Format.json:
        _stdout(to_json({**(doc or {}), "paths": names}))
    elif fmt is Format.csv:
        emit({}, fmt, ["path"], [[name] for name in names])
    elif names:
        _stdout("\n".join(names))


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if terminal else None,
        padding=(0, 1) if terminal else (0, 2, 0, 0),
        pad_edge=terminal,
    )
    for index, name in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) or hasattr(row[index], "dtype") for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text(_table_cell(cell)) for cell in row])
    if terminal:
        Console(file=sys.stdout).print(table)
        return
    # on a pipe no cell is ever cut or wrapped: the "screen" is as wide as it takes
    buffer = io.StringIO()
    Console(file=buffer, width=WIDE, color_system=None, force_terminal=False).print(table)
    _stdout("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()))


def _plain(cell: object) -> object:
    return jsonable(cell) if hasattr(cell, "tolist") or isinstance(cell, float) else cell


def _table_cell(cell: object) -> str:
    cell = _plain(cell)
    if cell is None:
        return MISSING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4f}" if cell == 0 or 1e-3 <= abs(cell) < 1e6 else f"{cell:.3e}"
    return one_line(cell)


def _csv_cell(cell: object) -> object:
    cell = _plain(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell


def _stdout(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _stderr(text: str) -> None:
    Progress.write(text)

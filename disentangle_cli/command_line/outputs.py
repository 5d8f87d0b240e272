"""What outputs may replace: checked before the work, so that no typing error costs a file.

A file that a command reads is never replaced, nor is one of another kind by a report or a selected model.
All else that is named as an output is replaced without asking, as ``cp`` does it; ``train`` and ``import``
have rules of their own (``--overwrite``).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from disentangle_cli.errors import UsageError

PAGE = (b"<!doctype html", b"<html")


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuse outputs that are folders, the same file twice, or one of the files that the command reads.

    Args:
        outputs: files by the options that name them.
        inputs: what the command reads; what is no file does not matter.

    Raises:
        UsageError: names the option.
    """
    read = [Path(name) for name in inputs if name and os.path.isfile(name)]
    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder; name a file in it")
        for name in read:
            if path.is_file() and path.samefile(name):
                raise UsageError(f"{option} {path} would replace {name}, which is read; choose another name")
        replaced = path.is_file() or not path.exists()
        if replaced and (other := seen.setdefault(os.path.realpath(path), option)) != option:
            raise UsageError(f"{other} and {option} name the same file, {path}")


def check_report(path: Path | None) -> None:
    """Refuse a report that would replace something other than a page.

    Raises:
        UsageError: it would.
    """
    if path is None or not path.is_file() or path.suffix.lower() in (".html", ".htm"):
        return
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip().lower()
    except OSError as error:
        raise UsageError(f"--report {path}: cannot be read ({error.strerror})") from error
    if start and not start.startswith(PAGE):
        raise UsageError(f"--report {path} exists and is no page; name a file that ends in .html")

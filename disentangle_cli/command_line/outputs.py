"""What outputs may replace: checked before the work, so that no typing error costs a file.

One rule for every file that a command is told to write: what is there stays, unless nothing is lost by
replacing it or ``--overwrite`` is given. Nothing is lost where a file is empty or no file (a device, a FIFO,
where stdout goes), or where a model is replaced by the same one, which ``train``, ``import`` and
``centrality --select`` can tell. A file that the command reads is never replaced.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from disentangle_cli.errors import UsageError
from disentangle_cli.files import holds_something

STDOUT = "-"


def check_outputs(
    outputs: Mapping[str, Path | None], inputs: Iterable[str | Path | None], *, overwrite: bool = False
) -> None:
    """Refuse outputs that are folders, the same file twice, files that are read, or those that are there.

    Args:
        outputs: files by the options that name them.
        inputs: what the command reads; what is no file does not matter.
        overwrite: whether files that are there may be replaced.

    Raises:
        UsageError: names the option.
    """
    read = [Path(name) for name in inputs if name and os.path.isfile(name)]
    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        check_named(option, path)
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder; name a file in it")
        for name in read:
            if path.is_file() and path.samefile(name):
                raise UsageError(f"{option} {path} would replace {name}, which is read; choose another name")
        replaced = path.is_file() or not path.exists()
        if replaced and (other := seen.setdefault(os.path.realpath(path), option)) != option:
            raise UsageError(f"{other} and {option} name the same file, {path}")
        check_free(option, [path], overwrite)


def check_named(option: str, path: Path) -> None:
    """Refuse ``-``, which means stdout elsewhere: the ending of a name says what is written.

    Raises:
        UsageError: it says how to write to a pipe.
    """
    if str(path) == STDOUT:
        raise UsageError(
            f"{option} -: name a file, since its ending may say what is written; for a pipe name a link to "
            "/dev/stdout that has this ending"
        )


def check_free(option: str, paths: Iterable[Path], overwrite: bool) -> None:
    """Refuse to replace files that are there and hold something, unless ``overwrite``.

    Raises:
        UsageError: names the first of them, and what to do.
    """
    if not overwrite and (there := next(filter(holds_something, paths), None)):
        raise UsageError(f"{option}: {there} exists; --overwrite replaces it, or choose another name")

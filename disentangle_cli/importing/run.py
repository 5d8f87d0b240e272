"""Importing one model or many, and what is told about it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.finish import complete, target_of, write
from disentangle_cli.importing.source import SOURCES

FINAL = "final_model"
"""What pythae calls the folder of a finished model in that of its run."""
MARKS = {"pythae": "model_config.json", "disvae": "specs.json"}
"""The file by which a model's folder is told, of each source that takes folders."""
MOST_NAMED = 3


@dataclass(frozen=True)
class Target:
    """Where and how to write.

    Attributes:
        out: a ``.pt`` file for one model, else a folder.
        trained_on: name or path of the data set, or None for what the source says.
        overwrite: replace files that hold something else.
        seed: of the images that a prior is fitted to.
        device: where networks run.
    """

    out: Path
    trained_on: str | None = None
    overwrite: bool = False
    seed: int = 0
    device: str = "cpu"


@dataclass
class Report:
    """What an import did.

    Attributes:
        paths: the checkpoints written.
        models: per checkpoint where it came from, what it is, and notes (JSON types).
        skipped: what could not be taken, and why.
    """

    paths: list[Path]
    models: list[dict[str, Any]]
    skipped: list[dict[str, str]]


def import_folders(source: str, folders: Sequence[Path], target: Target, skip_bad: bool = False) -> Report:
    """Import the model of every folder; a training run's folder stands for its ``final_model``.

    Raises:
        UsageError: a folder cannot be taken (with ``skip_bad``: none can), or several want one file.
    """
    if len(folders) > 1 and target.out.suffix == ".pt" and not target.out.is_dir():
        raise UsageError(f"--out {target.out}: several models want a folder")
    report = Report([], [], [])
    for folder in output.progress(list(folders), desc="importing", unit="model"):
        inner = folder / FINAL
        chosen = inner if inner.is_dir() else folder
        stem = (folder.resolve().parent if folder.name == FINAL else folder.resolve()).name
        try:
            _import_into(report, source, stem, target, chosen)
        except UsageError as error:
            error = _with_models_inside(error, source, chosen)
            if not skip_bad:
                raise error from None
            report.skipped.append({"origin": str(folder), "reason": str(error)})
            output.warn(f"skipped {error}")
    if not report.paths:
        raise UsageError(f"none of the {len(folders)} folders could be imported")
    return report


def _with_models_inside(error: UsageError, source: str, folder: Path) -> UsageError:
    """The error of a folder that is no model; it names the folders inside that may be some."""
    found = models_inside(folder, MARKS[source])
    if (folder / MARKS[source]).is_file() or not found:
        return error
    named = " ".join(shlex.quote(str(one)) for one in found[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    what = "a model is in a folder" if len(found) == 1 else f"{len(found)} models are in folders"
    return UsageError(f"{error}; {what} inside: dcr import {source} {named}{more}")


def models_inside(folder: Path, mark: str) -> list[Path]:
    """Folders up to three below ``folder`` that hold the file ``mark``; a run's for its ``final_model``."""
    marked = [path for depth in ("*", "*/*", "*/*/*") for path in sorted(folder.glob(f"{depth}/{mark}"))]
    found = [path.parent for path in marked]
    return list(dict.fromkeys(one.parent if one.name == FINAL else one for one in found))


def import_one(source: str, stem: str, target: Target, *arguments: Any, **options: Any) -> Report:
    """Import one model; ``arguments`` and ``options`` are those of the source's function.

    Raises:
        UsageError: it cannot be taken.
    """
    report = Report([], [], [])
    _import_into(report, source, stem, target, *arguments, **options)
    return report


def _import_into(
    report: Report, source: str, stem: str, target: Target, *arguments: Any, **options: Any
) -> None:
    found = SOURCES.get(source)(*arguments, **options)
    checkpoint = complete(found, source, target.trained_on, target.seed, target.device)
    path = target_of(target.out, stem, set(report.paths))
    if path.exists() and any(path.samefile(file) for file in found.files):
        raise UsageError(f"{path} is what is imported; choose another --out")
    write(checkpoint, path, target.overwrite)
    for note in found.notes:
        output.log(f"{found.origin}: {note}")
    report.paths.append(path)
    report.models.append(
        {
            "path": str(path),
            "origin": found.origin,
            "model": checkpoint.model,
            "dataset": checkpoint.provenance.get("dataset"),
            "notes": found.notes,
        }
    )

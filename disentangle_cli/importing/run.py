"""Importing one model or many, and what is told about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.finish import complete, target_of, write
from disentangle_cli.importing.source import SOURCES


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
        inner = folder / "final_model"
        chosen = inner if inner.is_dir() else folder
        stem = (folder.resolve().parent if folder.name == "final_model" else folder.resolve()).name
        try:
            _import_into(report, source, stem, target, chosen)
        except UsageError as error:
            if not skip_bad:
                raise
            report.skipped.append({"origin": str(folder), "reason": str(error)})
            output.warn(f"skipped {error}")
    if not report.paths:
        raise UsageError(f"none of the {len(folders)} folders could be imported")
    return report


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

"""``dcr.export``: a model as files that other programs read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.exporting import EXPORTS
from disentangle_cli.exporting.run import Deviation, write_export
from disentangle_cli.exporting.safe_file import read_safe_file
from disentangle_cli.modelling.loaded import LoadedModel
from disentangle_cli.models import load_model


@dataclass(frozen=True, repr=False)
class Exported:
    """What was written.

    Attributes:
        paths: the files.
        to: the format.
        model: what was exported: a path, or ``model``.
        deviation: by how much the files, read back, differ from the model.
        code: lines of Python that load the files.
    """

    paths: list[Path]
    to: str
    model: str
    deviation: Deviation
    code: str

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.export/1`` document, without paths."""
        deviation = asdict(self.deviation)
        return document("export", model=self.model, to=self.to, deviation=deviation, code=self.code)

    def __repr__(self) -> str:
        return f"Exported({self.model} to {self.to}: {', '.join(map(str, self.paths))})"


def export(model: LoadedModel | Checkpoint | str | Path, to: str, out: str | Path | None = None) -> Exported:
    """Write a model in another format, read it back and compare, as ``dcr export`` does.

    Args:
        model: a loaded model, a checkpoint, or the path of one.
        to: ``onnx``, ``safetensors`` or ``torchscript``.
        out: the folder for the files, which are replaced; None: see :func:`default_folder`.

    Raises:
        UsageError: no such format, its package is not installed, or the model cannot be written so.
        RunError: the files, read back, give other numbers, or cannot be written.
    """
    EXPORTS.get(to).need()
    if isinstance(model, str | Path):
        loaded = load_model(model)
    else:
        checkpoint = model if isinstance(model, Checkpoint) else model.checkpoint
        loaded = LoadedModel(checkpoint)  # on the CPU
        loaded.path = None if isinstance(model, Checkpoint) else model.path
    name = loaded.path or "model"
    folder = default_folder(name, to) if out is None else Path(out)
    try:
        with torch.inference_mode(False):
            paths, deviation, lines = write_export(loaded, to, folder)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error
    return Exported(paths, to, name, deviation, "\n".join(lines))


def default_folder(model: str | Path, to: str) -> Path:
    """Where an export goes unless told otherwise: ``<stem of the model>-<format>`` in the working folder."""
    return Path(f"{Path(model).stem}-{to}")


def from_safetensors(path: str | Path, device: str | torch.device = "cpu") -> LoadedModel:
    """The model of a file that ``dcr export --to safetensors`` wrote.

    Raises:
        UsageError: it is no such file, or damaged, or the package is not installed.
    """
    checkpoint, _ = read_safe_file(Path(path))
    try:
        return LoadedModel(checkpoint, device)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None

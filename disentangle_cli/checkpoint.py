"""The shared checkpoint format, version 1: one file that holds any generative model of a pool.

The file is ``torch.save`` of a plain dict and is only ever read with ``weights_only=True``, so that
nothing in it runs. ``docs/checkpoint-format.md`` specifies it; networks are built from a checkpoint
by :func:`disentangle_cli.models.load_model`.
"""

import hashlib
import json
import math
import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic
from disentangle_cli.latents import Latents
from disentangle_cli.plain import is_bounded

FORMAT = "dcr-checkpoint"
VERSION = 1
MAX_SIDE = 4096
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8)
"""Types a weight may be stored in; an architecture then asks for its own."""

Weights = dict[str, Tensor]


@dataclass
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        model: name of the kind of model, e.g. ``infogan-cr``.
        config: JSON types. ``architecture`` (``name`` and its options), ``generator_output``
            (``images`` or ``logits``), ``encoder_output`` (``codes`` or ``mean-logvar``) say how to build the
            networks; ``training`` is the configuration of the run, where there was one.
        image_shape: (C, H, W).
        latents: blocks in the order of the generator's input.
        generator, encoder: state dicts; tensors only.
        provenance: where the model comes from (JSON types).
        metrics: scores stored with the model (JSON types), or None.
    """

    model: str
    config: dict[str, Any]
    image_shape: tuple[int, int, int]
    latents: Latents
    generator: Weights
    encoder: Weights
    provenance: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] | None = None

    def content_hash(self) -> str:
        """Hex SHA-256 over what decides the model's output: architecture, latents, image shape, weights.

        Name, provenance, metrics and training configuration do not enter: a renamed copy is the same content.
        """
        build = {key: value for key, value in self.config.items() if key != "training"}
        described = {"config": build, "image": self.image_shape, "latents": self.latents.to_json()}
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        for part, weights in (("generator", self.generator), ("encoder", self.encoder)):
            for name, tensor in sorted(weights.items()):
                digest.update(f"{part}.{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
                digest.update(
                    tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
                )
        return digest.hexdigest()


def save_checkpoint(path: str | Path, checkpoint: Checkpoint) -> Path:
    """Write ``checkpoint`` to ``path`` atomically; the same content gives the same bytes.

    Raises:
        RunError: the file cannot be written.
        UsageError: the checkpoint holds something the format does not allow.
    """
    channels, height, width = checkpoint.image_shape
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "model": checkpoint.model,
        "config": checkpoint.config,
        "image": {"channels": channels, "height": height, "width": width},
        "latents": checkpoint.latents.to_json(),
        "weights": {"generator": _plain(checkpoint.generator), "encoder": _plain(checkpoint.encoder)},
        "provenance": checkpoint.provenance,
    }
    if checkpoint.metrics is not None:
        document["metrics"] = checkpoint.metrics
    _validate(document, str(path))
    # through an open file: torch.save would put the temporary file's name into the archive
    with atomic(path) as temporary, temporary.open("wb") as file:
        torch.save(document, file)
    return Path(path)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read and check a checkpoint file, on the CPU.

    Raises:
        UsageError: missing, unreadable, not a checkpoint, truncated, of another version, carrying
            code, or malformed; the message is one line that names the file and the reason.
    """
    document = _read(Path(path))
    _validate(document, str(path))
    image, weights = document["image"], document["weights"]
    try:
        latents = Latents.from_json(document["latents"])
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return Checkpoint(
        model=document["model"],
        config=document["config"],
        image_shape=(image["channels"], image["height"], image["width"]),
        latents=latents,
        generator=dict(weights["generator"]),
        encoder=dict(weights["encoder"]),
        provenance=document["provenance"],
        metrics=document.get("metrics"),
    )


def read_archive(path: Path, what: str) -> Any:
    """Load a ``torch.save`` archive that may hold only tensors and plain Python types.

    ``what`` is the noun of the error messages, e.g. ``"dcr checkpoint"``.

    Raises:
        UsageError: the file is missing, unreadable, no such archive, compressed, or carries code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # torch never compresses; a compressed member could unpack to any size
            if any(m.compress_type != zipfile.ZIP_STORED for m in members):
                raise UsageError(f"{path}: not a {what} (its archive is compressed)")
            if sum(m.file_size for m in members) > path.stat().st_size:
                raise UsageError(f"{path}: damaged (its archive declares more than the file holds)")
            if archive.testzip() is not None:  # torch does not compare check sums
                raise UsageError(f"{path}: damaged (a check sum does not match)")
        if any(m.filename.rpartition("/")[2] == "constants.pkl" for m in members):
            raise UsageError(f"{path}: not a {what} (it is a TorchScript program, which dcr never runs)")
        found = torch.load(path, map_location="cpu", weights_only=True)
        records = [m.file_size for m in members if m.filename.partition("/")[2].startswith("data/")]
        if not _fit_records(found, records):
            raise UsageError(f"{path}: damaged (its tensors claim other sizes than its records have)")
        return found
    except (UsageError, MemoryError):
        raise
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except zipfile.BadZipFile:
        raise UsageError(f"{path}: not a {what}, or truncated") from None
    except pickle.UnpicklingError:
        raise UsageError(f"{path}: refused, it carries Python objects and not just tensors") from None
    except Exception:  # torch's reader raises almost anything on damaged files
        raise UsageError(f"{path}: not a {what}, or damaged") from None


def _fit_records(found: Any, records: list[int]) -> bool:
    """Whether the storages of all tensors in ``found`` have the sizes of the archive's records.

    Some versions of torch make a storage as large as the pickle says, whatever the record holds.
    """
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Tensor):
            if part.layout is not torch.strided or part.device.type != "cpu":
                return True  # no file of dcr's; refused by whoever reads further
            storage = part.untyped_storage()
            sizes[storage._cdata] = storage.nbytes()
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple | set):
            waiting += part
    return sorted(sizes.values()) == sorted(records)


def _read(path: Path) -> dict[str, Any]:
    document = read_archive(path, "dcr checkpoint")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{path}: not a dcr checkpoint (see dcr import for models trained elsewhere)")
    found = document.get("version")
    if type(found) is not int or found != VERSION:
        shown = found if type(found) is int else f"of type {type(found).__name__}"
        raise UsageError(f"{path}: checkpoint version {shown}, this dcr reads version {VERSION}")
    return document


def _validate(document: dict[str, Any], where: str) -> None:
    """Check the layout of a checkpoint's dict; ``where`` names the file in messages."""

    def need(condition: bool, reason: str) -> None:
        if not condition:
            raise UsageError(f"{where}: malformed checkpoint: {reason}")

    known = {"format", "version", "model", "config", "image", "latents", "weights", "provenance", "metrics"}
    need(all(isinstance(key, str) for key in document), "keys must be strings")
    need(not document.keys() - known, f"unknown key {sorted(document.keys() - known)[:1]}")
    missing = known - {"metrics"} - document.keys()
    need(not missing, f"{', '.join(sorted(missing))} missing")
    model = document["model"]
    need(isinstance(model, str) and bool(model) and model.isprintable(), "model must be a name")
    image = document["image"]
    sides = ("channels", "height", "width")
    need(isinstance(image, dict) and image.keys() == set(sides), f"image must have {', '.join(sides)}")
    fit = all(type(image[side]) is int and 1 <= image[side] <= MAX_SIDE for side in sides)
    need(fit, "image sizes are out of range")
    for key in ("config", "provenance", "metrics"):
        part = document.get(key)
        absent = key == "metrics" and part is None
        need(absent or (isinstance(part, dict) and _is_json(part)), f"{key} must hold JSON types only")
    need(_is_json(document["latents"]), "latents must hold JSON types only")
    weights = document["weights"]
    both = isinstance(weights, dict) and weights.keys() == {"generator", "encoder"}
    need(both, "weights must have generator and encoder")
    for part, state in weights.items():
        need(isinstance(state, dict) and bool(state), f"weights of the {part} must be a state dict")
        for name, tensor in state.items():
            named = isinstance(name, str) and type(tensor) is Tensor
            need(named, f"{part} holds something that is no tensor")
            need(tensor.device.type == "cpu", f"{part} weight {name!r} has no data")
            need(tensor.dtype in DTYPES, f"{part} weight {name!r} is of type {tensor.dtype}")
            size = tensor.numel() * tensor.element_size()
            real = tensor.layout is torch.strided and tensor.untyped_storage().nbytes() >= size
            need(real, f"{part} weight {name!r} claims more numbers than it holds")
            finite = not tensor.is_floating_point() or bool(tensor.isfinite().all())
            need(finite, f"{part} weight {name!r} is not finite")


def _is_json(value: Any) -> bool:
    return is_bounded(value) and _of_json_types(value)


def _of_json_types(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and _of_json_types(v) for k, v in value.items())
    if isinstance(value, list):
        return all(_of_json_types(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or type(value) in (str, int, bool)


def _plain(weights: Weights) -> Weights:
    """Detached contiguous CPU copies, so that a file holds no more than it shows."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}

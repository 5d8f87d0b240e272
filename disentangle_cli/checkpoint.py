"""The shared checkpoint format, version 1: one file that holds any generative model of a pool.

The file is ``torch.save`` of a plain dict; :mod:`disentangle_cli.serialization` reads it, so that nothing in
it runs and what was checked is what is used. ``docs/checkpoint-format.md`` specifies it; networks are built
from a checkpoint by :func:`disentangle_cli.models.load_model`.
"""

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Latents
from disentangle_cli.plain import is_bounded
from disentangle_cli.serialization import read_tensors, tensor_bytes, unseal, write_sealed

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
        verified: whether it was read from a file whose content has the digest that was stored with it.
    """

    model: str
    config: dict[str, Any]
    image_shape: tuple[int, int, int]
    latents: Latents
    generator: Weights
    encoder: Weights
    provenance: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] | None = None
    verified: bool = field(default=False, compare=False)

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
                digest.update(tensor_bytes(tensor))
        return digest.hexdigest()

    def halved(self) -> "Checkpoint":
        """The same model with its float32 weights in half precision: about half the size of a file.

        Weights are used as float32 again, so only their rounding is left: some three digits.
        """
        generator, encoder = (
            {key: value.half() if value.dtype is torch.float32 else value for key, value in part.items()}
            for part in (self.generator, self.encoder)
        )
        return replace(self, generator=generator, encoder=encoder, metrics=None, verified=False)


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
    write_sealed(path, document)
    return Path(path)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read and check a checkpoint file, on the CPU.

    Raises:
        UsageError: missing, unreadable, not a checkpoint, truncated, of another version, carrying
            code, or malformed; the message is one line that names the file and the reason.
    """
    document = _read(Path(path))
    verified = unseal(Path(path), document)
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
        verified=verified,
    )


def _read(path: Path) -> dict[str, Any]:
    document = read_tensors(path, "dcr checkpoint", of_model=True)
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
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (str, int, bool)


def _plain(weights: Weights) -> Weights:
    """Detached contiguous CPU copies, so that a file holds no more than it shows."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}

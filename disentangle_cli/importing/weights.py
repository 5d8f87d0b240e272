"""Reading weights of unknown origin, none of which can run anything."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.checkpoint import Weights, read_archive
from disentangle_cli.errors import UsageError


def read_weights(path: Path, what: str, *keys: str) -> Weights:
    """The state dict of a ``torch.save`` file, zip or older format, as float32 (counters stay int64).

    ``keys`` are names under which the state dict may stand, e.g. ``"model_state_dict"``; without any of them
    it is the whole file.

    Raises:
        UsageError: missing or damaged, carries code, holds anything but plain tensors, is not finite.
    """
    found = read_archive(path, what) if zipfile.is_zipfile(path) else _read_legacy(path, what)
    for key in keys:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{path}: holds no state dict (a dict of names and tensors)")
    return {str(name): _checked(path, name, tensor) for name, tensor in found.items()}


def _read_legacy(path: Path, what: str) -> Any:
    """The format of ``torch.save`` before PyTorch 1.6: pickles followed by the numbers, uncompressed."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except Exception as error:  # torch's reader raises almost anything on damaged files
        code = "Unsupported" in str(error) or "GLOBAL" in str(error)
        if code and isinstance(error, pickle.UnpicklingError):
            raise UsageError(f"{path}: refused, it carries Python objects and not just tensors") from None
        raise UsageError(f"{path}: not a {what}, or damaged") from None


def _checked(path: Path, name: Any, tensor: Any) -> Tensor:
    plain = isinstance(tensor, Tensor) and type(tensor) in (Tensor, torch.nn.Parameter)
    if not isinstance(name, str) or not plain:
        raise UsageError(f"{path}: {name!r} is no tensor; a state dict holds nothing else")
    values: Tensor = tensor.detach()
    if values.device.type != "cpu" or values.is_quantized or values.is_complex():
        raise UsageError(f"{path}: {name!r} is no tensor of plain numbers with data")
    size = values.numel() * values.element_size()
    # a strided view may claim far more numbers than the file holds
    if values.layout is not torch.strided or values.untyped_storage().nbytes() < size:
        raise UsageError(f"{path}: {name!r} claims more numbers than it holds")
    if not values.is_floating_point():
        return values
    if not values.isfinite().all():
        raise UsageError(f"{path}: {name!r} is not finite")
    return values.float()

"""Reading weights of unknown origin, none of which can run anything."""

from pathlib import Path
from typing import Any

from torch import Tensor

from disentangle_cli.checkpoint import Weights
from disentangle_cli.errors import UsageError
from disentangle_cli.serialization import read_tensors


def read_weights(path: Path, what: str, *keys: str) -> Weights:
    """The state dict of a ``torch.save`` file, zip or older format, as float32 (counters stay int64).

    ``keys`` are names under which the state dict may stand, e.g. ``"model_state_dict"``; without any of them
    it is the whole file.

    Raises:
        UsageError: missing or damaged, carries code, holds anything but plain tensors, is not finite.
    """
    found = read_tensors(path, what, old_format=True, of_model=True)
    for key in keys:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{path}: holds no state dict (a dict of names and tensors)")
    return {str(name): _checked(path, name, tensor) for name, tensor in found.items()}


def _checked(path: Path, name: Any, tensor: Any) -> Tensor:
    if not isinstance(name, str) or not isinstance(tensor, Tensor):
        raise UsageError(f"{path}: {name!r} is no tensor; a state dict holds nothing else")
    if not tensor.is_floating_point():
        return tensor
    if not tensor.isfinite().all():
        raise UsageError(f"{path}: {name!r} is not finite")
    return tensor.float()

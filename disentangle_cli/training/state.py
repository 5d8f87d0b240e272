"""The resume state: everything a run needs to go on bit-identically, in a file of its own."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.convolutions import FORMS
from disentangle_cli.serialization import read_tensors, unseal, write_sealed

FORMAT = "dcr-resume"
VERSION = 1
KEYS = {
    "format", "version", "run", "iteration", "wall_seconds", "bf16", "compiled", "device", "threads",
    "arithmetic", "trainable",
}  # fmt: skip
SINCE: dict[str, Any] = {"compiled": False, "device": None, "arithmetic": {}}
"""What a state that an earlier dcr wrote means where it lacks a key."""


def write_state(path: Path, **fields: Any) -> None:
    """Write a resume state atomically. ``fields`` are the rest of :data:`KEYS`."""
    write_sealed(path, {"format": FORMAT, "version": VERSION, **_own_memory(fields)})


def read_state(path: Path) -> dict[str, Any]:
    """Read what :func:`write_state` wrote.

    Raises:
        UsageError: the file is damaged, carries code, or is of another version.
    """
    state = read_tensors(path, "resume state")
    if isinstance(state, dict):
        unseal(path, state)
        state = SINCE | state
    if not (
        isinstance(state, dict)
        and state.get("format") == FORMAT
        and state.keys() == KEYS
        and isinstance(state["arithmetic"], dict)
    ):
        raise UsageError(f"{path}: not a resume state of dcr (use --overwrite to start anew)")
    if state["version"] != VERSION:
        raise UsageError(f"{path}: resume state version {state['version']!r}, this dcr reads {VERSION}")
    return state


def arithmetic(device: torch.device) -> dict[str, str]:
    """What decides how results are rounded: ``processor``, ``torch`` and the forms of ``convolutions``."""
    on_gpu = device.type == "cuda"
    processor = torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability()
    return {"processor": processor, "torch": str(torch.__version__), "convolutions": FORMS[device.type]}


def changes(state: dict[str, Any], device: torch.device) -> list[str]:
    """What a run that goes on from ``state`` on ``device`` will compute otherwise, in words."""
    found = {"device": device.type, **arithmetic(device)}
    recorded = {"device": state["device"] or device.type, **state["arithmetic"]}
    return [
        f"{what} {str(recorded[what])[:60]!r}, now {now!r}"
        for what, now in found.items()
        if recorded.get(what, now) != now
    ]


def _own_memory(value: Any) -> Any:
    """``value`` with views as copies: torch would write all that a view is a part of (a stack of seeds)."""
    if isinstance(value, dict):
        return {key: _own_memory(part) for key, part in value.items()}
    if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
        return value.clone()
    return value

"""Where networks run, and how: precision, determinism, memory allocator."""

import ctypes
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import choose_one

PRECISIONS = ("auto", "fp32", "bf16")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT, _KEPT_BEFORE = 1 << 30, 32 << 20
"""Buffers up to this size are kept; older releases of glibc refuse a threshold above the second."""


def pick_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda`` (``cuda:1``, ...) as a device.

    Raises:
        UsageError: the name is unknown or there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"--device {name}: choose auto, cpu or cuda") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"--device {name}: this machine has no such CUDA device (use auto or cpu)")
    return device


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: ``auto`` where the hardware has it and is faster with it."""
    if precision not in PRECISIONS:
        raise UsageError(f"precision {precision!r}: {choose_one(precision, PRECISIONS)}")
    if precision == "bf16" and not has_bf16(device):
        _warn_of_emulation()
    return precision == "bf16" or (precision == "auto" and _gains_by_bf16(device))


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware computes in bfloat16; that it is faster is not said."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.backends.cpu.get_cpu_capability()
    return "AVX512" in capability and bool(torch.cpu._is_avx512_bf16_supported())


def _gains_by_bf16(device: torch.device) -> bool:
    """Intel's processors are slower with it unless they have AMX, as casts come on top of equal products."""
    if device.type == "cuda" or not has_bf16(device):
        return has_bf16(device)
    return bool(torch.cpu._is_amx_tile_supported()) or _vendor() == "AuthenticAMD"


def _vendor() -> str:
    """Of the processor, as it names itself; empty where that is not told."""
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    return next((line.split()[-1] for line in told.splitlines() if line.startswith("vendor_id")), "")


@cache
def _warn_of_emulation() -> None:
    """Once is enough for all runs of a process."""
    output.warn("--precision bf16: without bfloat16 in the hardware this takes many times as long as fp32")


def make_deterministic(device: torch.device) -> None:
    """Have CUDA choose kernels that give the same result every time (those of the CPU do anyway)."""
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def keep_freed_memory() -> None:
    """Ask glibc to keep large freed buffers instead of returning them to the kernel after every use.

    Without it each training iteration faults tens of thousands of pages back in, and encoding takes twice as
    long. Asking again changes nothing; a no-op with another C library.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    if not mallopt(_M_MMAP_THRESHOLD, _KEPT):
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BEFORE)
    mallopt(_M_TRIM_THRESHOLD, _KEPT)


def send(x: Tensor, device: torch.device) -> Tensor:
    """``x`` on ``device``; a GPU fetches it while the host goes on."""
    return pinned(x, device).to(device, non_blocking=True)


def pinned(x: Tensor, device: torch.device) -> Tensor:
    """``x`` in memory that a GPU can read by itself; as it is for other devices."""
    return x.pin_memory() if device.type == "cuda" and x.device.type == "cpu" else x

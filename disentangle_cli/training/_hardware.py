"""How a training computes: precision, determinism, memory allocator."""

import ctypes

import torch

from disentangle_cli.devices import use_bf16 as use_bf16

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def make_deterministic(device: torch.device) -> None:
    """Have CUDA choose kernels that give the same result every time (those of the CPU do anyway)."""
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def keep_freed_memory() -> None:
    """Ask glibc to keep large freed buffers instead of returning them to the kernel at every iteration.

    Without it each iteration faults tens of thousands of pages back in. A no-op with another C library.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    mallopt(_M_TRIM_THRESHOLD, 1 << 30)

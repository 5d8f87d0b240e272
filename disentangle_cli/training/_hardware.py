"""How a training computes: precision, determinism, memory allocator."""

import ctypes

import torch

from disentangle_cli.errors import UsageError

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16: ``auto`` where the hardware has it natively."""
    if precision in ("bf16", "fp32"):
        return precision == "bf16"
    if precision != "auto":
        raise UsageError(f"--precision {precision}: choose auto, fp32 or bf16")
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.backends.cpu.get_cpu_capability()
    return "AVX512" in capability and bool(torch.cpu._is_avx512_bf16_supported())


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

"""Where networks run."""

import torch

from disentangle_cli.errors import UsageError


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
    """Whether to compute in bfloat16: ``auto`` where the hardware has it natively."""
    if precision in ("bf16", "fp32"):
        return precision == "bf16"
    if precision != "auto":
        raise UsageError(f"--precision {precision}: choose auto, fp32 or bf16")
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.backends.cpu.get_cpu_capability()
    return "AVX512" in capability and bool(torch.cpu._is_avx512_bf16_supported())

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

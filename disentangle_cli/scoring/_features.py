"""Inception features of images, through the optional package torch-fidelity."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.errors import UsageError

MISSING = "torch-fidelity is not installed; pip install 'disentangle-cli[fidelity]'"


def load_extractor(device: str) -> Callable[[Tensor], Any]:
    """The network of ``fid`` and ``kid``: (n, 3, H, W) uint8 -> a tuple whose first entry is (n, 2048).

    Raises:
        UsageError: torch-fidelity is missing, or its weights cannot be had.
    """
    try:
        from torch_fidelity.utils import create_feature_extractor
    except ImportError:
        raise UsageError(MISSING) from None
    try:
        made: Callable[[Tensor], Any] = create_feature_extractor(
            "inception-v3-compat", ["2048"], cuda=device.startswith("cuda")
        )
    except Exception as error:  # whatever a failed download raises in there
        raise UsageError(f"the weights of torch-fidelity's Inception cannot be loaded ({error})") from None
    return made


@torch.no_grad()
def features(extract: Callable[[Tensor], Any], batches: Iterable[Tensor], device: str) -> NDArray[Any]:
    """(n, C, H, W) images in [0, 1], a batch at a time -> (N, D) float64; grey images become RGB."""
    found = []
    for batch in batches:
        pixels = batch.mul(255).round().clamp(0, 255).to(torch.uint8).to(device)
        found.append(extract(pixels.expand(-1, 3, -1, -1).contiguous())[0].double().cpu().numpy())
    return np.concatenate(found)

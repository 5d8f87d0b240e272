"""Inception features of images, through the optional package torch-fidelity."""

import importlib.util
import socket
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.output import detail

TIMEOUT = 30.0
"""Seconds without an answer after which fetching the weights is given up; that package waits for ever."""


def feature_problem() -> str | None:
    """Why features cannot be had at all, or None."""
    if importlib.util.find_spec("torch_fidelity"):
        return None
    return "torch-fidelity is not installed; pip install 'disentangle-cli[fidelity]'"


def load_extractor(device: str) -> Callable[[Tensor], Any]:
    """The network of ``fid`` and ``kid``: (n, 3, H, W) uint8 -> a tuple whose first entry is (n, 2048).

    Raises:
        UsageError: torch-fidelity is missing or broken, or its weights cannot be had.
    """
    if problem := feature_problem():
        raise UsageError(problem)
    try:
        from torch_fidelity.utils import create_feature_extractor
    except Exception as error:  # a torchvision built for another torch raises more than ImportError
        raise UsageError(f"torch-fidelity is installed but does not load ({error})") from None
    detail("loading the Inception network of torch-fidelity, which fetches its weights (about 90 MB) once")
    usual = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        made: Callable[[Tensor], Any] = create_feature_extractor(
            "inception-v3-compat", ["2048"], cuda=device.startswith("cuda"), verbose=False
        )
    except Exception as error:  # whatever a failed download raises in there
        raise UsageError(f"the weights of torch-fidelity's Inception cannot be loaded ({error})") from None
    finally:
        socket.setdefaulttimeout(usual)
    return made


@torch.no_grad()
def features(extract: Callable[[Tensor], Any], batches: Iterable[Tensor], device: str) -> NDArray[Any]:
    """(n, C, H, W) images in [0, 1], a batch at a time -> (N, D) float64; grey images become RGB."""
    found = []
    for batch in batches:
        pixels = batch.mul(255).round().clamp(0, 255).to(torch.uint8).to(device)
        found.append(extract(pixels.expand(-1, 3, -1, -1).contiguous())[0].double().cpu().numpy())
    return np.concatenate(found)

"""Timing of training iterations on synthetic images; needs nothing but torch."""

import json
import time
from collections.abc import Callable

import torch
from torch import Tensor

BATCH = 64
WARM_UP = 5


def print_times(step: Callable[[Tensor], object], iterations: int) -> None:
    """Print the seconds of each iteration on one batch (64, 1, 64, 64) as a JSON list."""
    images = (torch.rand(BATCH, 1, 64, 64, generator=torch.Generator().manual_seed(0)) > 0.9).float()
    times = []
    for i in range(WARM_UP + iterations):
        start = time.perf_counter()
        step(images)
        if i >= WARM_UP:
            times.append(time.perf_counter() - start)
    print(json.dumps(times))

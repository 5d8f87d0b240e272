"""Adam, its learning rates and its state.

On a GPU the learning rate is a tensor there, so that a CUDA graph follows it; in files it is a number.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


def adam(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float], weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); without decay it is plain Adam."""
    held = list(parameters)
    on_gpu = held[0].is_cuda
    lr = torch.tensor(rate, device=held[0].device) if on_gpu else rate
    settings: dict[str, Any] = {"betas": betas, "weight_decay": weight_decay, "capturable": on_gpu}
    optimiser = torch.optim.AdamW(held, lr=lr, fused=True, **settings)
    optimiser.param_groups[0]["initial_lr"] = rate
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, rate: float | Tensor) -> None:
    """Go on with another learning rate."""
    (group,) = optimiser.param_groups
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def decay_rates(optimisers: dict[str, torch.optim.Optimizer], start: float, progress: float) -> None:
    """Let learning rates fall linearly to zero, from ``start`` of the run on (1: never).

    ``progress`` is the part of the run that is over, 0 to 1.
    """
    if start < 1:
        left = min(1.0, (1 - progress) / (1 - start))
        for optimiser in optimisers.values():
            set_rate(optimiser, optimiser.param_groups[0]["initial_lr"] * left)


def adam_state(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of ``optimiser``, the same for every device."""
    state = optimiser.state_dict()
    groups = [group | {"lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
    return state | {"param_groups": groups}


def restore_adam(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Take over what :func:`adam_state` gave."""
    (group,) = optimiser.param_groups
    kept = {key: group[key] for key in ("lr", "capturable", "initial_lr")}
    optimiser.load_state_dict(state)
    (group,) = optimiser.param_groups
    saved = float(group["lr"])
    group |= kept
    set_rate(optimiser, saved)

"""Adam, its learning rates and its state.

On a GPU the learning rate is a tensor there, so that a CUDA graph follows it; in files it is a number.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


def adam(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float], weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); without decay it is plain Adam."""
    return _made(torch.optim.AdamW, parameters, rate, betas=betas, weight_decay=weight_decay)


def adam_epsilon_hat(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float]
) -> torch.optim.Optimizer:
    """Adam whose epsilon stands outside of the bias correction, see :class:`_EpsilonHat`."""
    return _made(_EpsilonHat, parameters, rate, betas=betas, weight_decay=0.0)


class _EpsilonHat(torch.optim.AdamW):
    """Adam in the order that Kingma and Ba (2015) give at the end of section 2, and TensorFlow has.

        step = rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)

    PyTorch corrects sqrt(v) before it adds epsilon. At t = infinity its corrections are 1, so its kernel is
    told that time, and a rate that holds them; the state counts steps as ever.
    """

    def __init__(self, parameters: list[nn.Parameter], **settings: Any) -> None:
        super().__init__(parameters, **settings)
        self._at_the_end = torch.tensor(math.inf, device=parameters[0].device)

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step of all parameters."""
        (group,) = self.param_groups
        states, rate, (beta1, beta2) = adam_states(self), group["lr"], group["betas"]
        counts = [state["step"] for state in states]
        torch._foreach_add_(counts, 1)
        t = counts[0].double() if counts[0].is_cuda else counts[0].item()
        corrected = rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        group["lr"] = corrected.float() if isinstance(corrected, Tensor) else corrected
        for state in states:
            state["step"] = self._at_the_end
        super().step()
        for state, count in zip(states, counts, strict=True):
            state["step"] = count
        group["lr"] = rate


def _made(
    kind: type[torch.optim.AdamW], parameters: Iterable[nn.Parameter], rate: float, **settings: Any
) -> torch.optim.Optimizer:
    held = list(parameters)
    on_gpu = held[0].is_cuda
    lr = torch.tensor(rate, device=held[0].device) if on_gpu else rate
    optimiser = kind(held, lr=lr, fused=True, capturable=on_gpu, **settings)
    optimiser.param_groups[0]["initial_lr"] = rate
    return optimiser


def adam_states(optimiser: torch.optim.Optimizer) -> list[dict[str, Tensor]]:
    """The state of each parameter, made as Adam makes it where there was no step yet."""
    parameters: list[nn.Parameter] = optimiser.param_groups[0]["params"]
    for parameter in parameters:
        if not optimiser.state[parameter]:
            optimiser.state[parameter] = {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
    return [optimiser.state[parameter] for parameter in parameters]


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

"""Adam in TensorFlow's order against its formula, on its own and over a restored state."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from disentangle_cli.modelling.adam import adam, adam_epsilon_hat, adam_state, restore_adam

RATE, BETAS, EPSILON = 1e-3, (0.5, 0.999), 1e-8


def gradients(steps: int) -> Tensor:
    """(steps, 37), some so small that epsilon counts."""
    rng = torch.Generator().manual_seed(1)
    sizes = torch.logspace(-10, 0, 37, dtype=torch.float64)
    return torch.randn(steps, 37, dtype=torch.float64, generator=rng) * sizes


def by_formula(start: Tensor, steps: Tensor) -> Tensor:
    """End of section 2 of Kingma and Ba (2015), where epsilon has a hat."""
    x, m, v = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
    for t, gradient in enumerate(steps, 1):
        m = BETAS[0] * m + (1 - BETAS[0]) * gradient
        v = BETAS[1] * v + (1 - BETAS[1]) * gradient**2
        rate = RATE * (1 - BETAS[1] ** t) ** 0.5 / (1 - BETAS[0] ** t)
        x -= rate * m / (v.sqrt() + EPSILON)
    return x


def step(optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter], gradient: Tensor) -> None:
    for parameter in parameters:
        parameter.grad = gradient.to(parameter.dtype, copy=True)
    optimiser.step()


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_epsilon_stands_outside_of_the_correction(dtype: torch.dtype, close: float) -> None:
    parameters = [nn.Parameter(torch.zeros(37, dtype=dtype)) for _ in range(2)]
    optimiser = adam_epsilon_hat(parameters, RATE, BETAS)
    steps = gradients(7)
    for gradient in steps:
        step(optimiser, parameters, gradient)
    expected = by_formula(torch.zeros(37, dtype=torch.float64), steps)
    for parameter in parameters:
        torch.testing.assert_close(parameter.detach().double(), expected, rtol=close, atol=0)
    (group,) = optimiser.param_groups
    assert (group["lr"], group["eps"]) == (RATE, EPSILON)
    assert [float(optimiser.state[p]["step"]) for p in parameters] == [7, 7]


def test_without_epsilon_the_order_does_not_matter() -> None:
    start = torch.linspace(-1, 1, 37, dtype=torch.float64)
    pair = [nn.Parameter(start.clone()) for _ in range(2)]
    optimisers = [make([one], RATE, BETAS) for make, one in zip((adam, adam_epsilon_hat), pair, strict=True)]
    for optimiser in optimisers:
        optimiser.param_groups[0]["eps"] = 0.0
    for gradient in gradients(5):
        for optimiser, one in zip(optimisers, pair, strict=True):
            step(optimiser, [one], gradient)
    torch.testing.assert_close(pair[0], pair[1], rtol=1e-13, atol=0)


def test_a_restored_state_goes_on() -> None:
    whole, again = (nn.Parameter(torch.zeros(37)) for _ in range(2))
    first, second = (adam_epsilon_hat([one], RATE, BETAS) for one in (whole, again))
    steps = gradients(6)
    for gradient in steps[:3]:
        step(first, [whole], gradient)
    with torch.no_grad():
        again.copy_(whole)
    restore_adam(second, deepcopy(adam_state(first)))
    for gradient in steps[3:]:
        step(first, [whole], gradient)
        step(second, [again], gradient)
    assert torch.equal(whole, again)

"""Layers shared by the architectures: initialisation and spectral norm.

Initialisation follows the official InfoGAN-CR code (its TensorFlow 1.4 layers): standard deviation
0.02 everywhere, truncated at two standard deviations for convolutions, zero bias.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle_cli.networks.convolutions import autocast, conv_s2, is_mapped, transposed_conv_s2

LEAK = 0.2
INIT_STD = 0.02
TINY_BIAS, TINY_GROWTH = 1e-35, 100.0
"""Of the first layer, and from each layer to the next."""


def leaky() -> nn.LeakyReLU:
    """max(x, 0.2 x)."""
    return nn.LeakyReLU(LEAK)


class _Normalisable(nn.Module):
    """What convolutions and linear layers share: a weight that can be spectrally normalised.

    Spectral norm as in SNDCGAN and the official code: the weight as a matrix of shape
    (everything else) x (output channels), one power iteration from the stored row vector ``u``,
    and the gradient flows through all of it (PyTorch's own version detaches the vectors).
    ``u`` changes only in :meth:`commit`, once per training iteration.
    """

    weight: nn.Parameter
    u: Tensor
    spectral: bool
    _frozen: Tensor | None = None
    _next_u: Tensor | None = None

    def effective(self) -> Tensor:
        """The weight that the forward pass uses, W / sigma under spectral norm."""
        if self._frozen is not None:
            return self._frozen
        if not self.spectral:
            return self.weight
        with torch.autocast(self.weight.device.type, enabled=False):
            sigma, _ = self._sigma()
            return self.weight / sigma

    def _sigma(self) -> tuple[Tensor, Tensor]:
        rows = self.weight.flatten(1)  # (out, rest): the transpose of the matrix in the docstring
        v = _unit(self.u @ rows)
        vw = rows @ v
        next_u = _unit(vw)
        return vw @ next_u, next_u

    def freeze(self, dtype: torch.dtype | None) -> None:
        """Compute the effective weight once, without gradient, and use it until :meth:`unfreeze`."""
        with torch.no_grad(), torch.autocast(self.weight.device.type, enabled=False):
            weight = self.weight.detach()
            if self.spectral:
                sigma, self._next_u = self._sigma()
                weight = weight / sigma
            self._frozen = weight if dtype is None else weight.to(dtype)

    def unfreeze(self) -> None:
        """Go back to a weight that follows the parameter."""
        self._frozen = None

    def commit(self) -> None:
        """Store the power iteration's vector for the current weight: once per iteration, at its end."""
        if self.spectral:
            with torch.no_grad():
                self.u.copy_(self._sigma()[1] if self._next_u is None else self._next_u)
        self._next_u = None


def _unit(x: Tensor) -> Tensor:
    unit: Tensor = x / (torch.linalg.vector_norm(x) + 1e-12)
    return unit


class Linear(_Normalisable, nn.Linear):  # type: ignore[misc]
    """Fully connected layer on flattened input, optionally spectrally normalised."""

    def __init__(self, inputs: int, outputs: int, spectral: bool = False) -> None:
        super().__init__(inputs, outputs)
        self.spectral = spectral
        if spectral:
            self.register_buffer("u", torch.ones(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, outputs)."""
        return F.linear(autocast(x.flatten(1)), autocast(self.effective()), autocast(self.bias))


class Conv(_Normalisable, nn.Conv2d):  # type: ignore[misc]
    """Stride-2 convolution with TensorFlow's SAME padding: output side = half the input side."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 4, spectral: bool = False) -> None:
        super().__init__(inputs, outputs, kernel, stride=2)
        self._even = kernel % 2 == 0
        self._before = (kernel - 2) // 2
        self.spectral = spectral
        if spectral:
            self.register_buffer("u", torch.ones(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, H, W) -> (n, outputs, H/2, W/2)."""
        if self._even:
            return conv_s2(x, self.effective(), self.bias, self._before)
        # SAME padding is asymmetric for odd kernels: one pixel less before than after.
        pads = [self._before, self._before + 1] * 2
        return F.conv2d(F.pad(x, pads), self.effective(), self.bias, stride=2)


class TransposedConv(nn.ConvTranspose2d):
    """Stride-2 transposed convolution with SAME padding: output side = twice the input side."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 4) -> None:
        super().__init__(inputs, outputs, kernel, stride=2)
        self._before = (kernel - 2) // 2
        self._odd = kernel % 2 == 1

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(n, inputs, H, W) -> (n, outputs, 2H, 2W)."""
        y = transposed_conv_s2(x, self.weight, self._before)
        if self._odd:
            y = y[..., :-1, :-1]
        assert self.bias is not None
        return y + self.bias.to(y.dtype).view(1, -1, 1, 1)


class _MappableNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm that ``torch.vmap`` can map on a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        """See torch's class; under vmap the kernel itself, as the stock function looks for the best one."""
        if not is_mapped():
            return super().forward(x)
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        if self.training:
            self.num_batches_tracked.add_(1)
        weights = self.weight, self.bias, self.running_mean, self.running_var
        wide = x.to(self.weight.dtype)  # under vmap the kernels mix no types
        result: Tensor = torch.native_batch_norm(wide, *weights, self.training, self.momentum, self.eps)[0]
        return result.to(x.dtype)


class BatchNorm1d(_MappableNorm, nn.BatchNorm1d):
    """Batch norm of (n, C) that ``torch.vmap`` can map on a GPU."""


class BatchNorm2d(_MappableNorm, nn.BatchNorm2d):
    """Batch norm of (n, C, H, W) that ``torch.vmap`` can map on a GPU."""


def normalisable(net: nn.Module) -> Iterator[_Normalisable]:
    """All layers of ``net`` whose weight can be frozen or spectrally normalised."""
    return (layer for layer in net.modules() if isinstance(layer, _Normalisable))


def initialise(
    net: nn.Module, rng: torch.Generator, keep_u: bool = False, slope_at_zero: bool = False
) -> None:
    """Draw all parameters of ``net`` anew; biases 0, batch norm scale 1 and shift 0.

    ``keep_u`` leaves the spectral-norm vectors alone (a re-initialised H keeps its own). Running
    statistics of batch norm are never touched here.

    ``slope_at_zero`` makes the slope of a leaky ReLU 1 where it would get exactly 0, as it is in TensorFlow's
    max(x, 0.2 x); PyTorch's is 0.2 there. Zeros come from black pixels and biases of 0, so biases start above
    0: too small to change a number, and each larger than what the layer before makes of its own.
    """
    bias = TINY_BIAS if slope_at_zero else 0.0
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                _draw(layer.weight, INIT_STD, isinstance(layer, nn.Conv2d), rng)
                assert layer.bias is not None
                nn.init.constant_(layer.bias, bias)
                bias *= TINY_GROWTH
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.ones_(layer.weight)
                nn.init.zeros_(layer.bias)
            if isinstance(layer, _Normalisable) and layer.spectral and not keep_u:
                _draw(layer.u, 1.0, True, rng)


def _draw(tensor: Tensor, std: float, truncated: bool, rng: torch.Generator) -> None:
    """Fill ``tensor``, on whatever device, with normal numbers that the host's generator gives."""
    host = torch.empty_like(tensor, device="cpu")
    if truncated:
        nn.init.trunc_normal_(host, std=std, a=-2 * std, b=2 * std, generator=rng)
    else:
        nn.init.normal_(host, std=std, generator=rng)
    tensor.copy_(host)


SETTLING = 100
"""Power iterations after which the vectors of spectral norm stand still."""


def settle(net: nn.Module) -> None:
    """Move the spectral-norm vectors of ``net`` to where they stay for its present weights."""
    for _ in range(SETTLING):
        commit(net)


def fold_spectral_norm(net: nn.Module) -> dict[str, Tensor]:
    """The state dict of ``net`` with every spectrally normalised weight replaced by W / sigma, without u."""
    state = {key: value.detach().clone() for key, value in net.state_dict().items()}
    with torch.no_grad():
        for name, layer in net.named_modules():
            if isinstance(layer, _Normalisable) and layer.spectral:
                state[f"{name}.weight"] = layer.effective().detach().clone()
                del state[f"{name}.u"]
    return state


def freeze(net: nn.Module, dtype: torch.dtype | None = None) -> None:
    """Make ``net`` a constant: no gradients, and effective weights computed once (in ``dtype``)."""
    net.requires_grad_(False)
    for layer in normalisable(net):
        layer.freeze(dtype)


def unfreeze(net: nn.Module) -> None:
    """Make ``net`` trainable again after :func:`freeze`."""
    net.requires_grad_(True)
    for layer in normalisable(net):
        layer.unfreeze()


def commit(net: nn.Module) -> None:
    """Store the spectral-norm vectors of all layers: once per iteration, after all updates."""
    for layer in normalisable(net):
        layer.commit()

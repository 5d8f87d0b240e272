"""Stride-2 convolutions with faster gradients than the stock ones, equal up to rounding.

A transposed convolution is the adjoint of a convolution, so each one's input gradient is the other, and both
have the weight gradient of the plain one. Two things follow from what oneDNN is good at:

* the backward pass of a transposed convolution runs on plain kernels (up to 2.8 times faster in bf16);
* with one or two channels on the large side, the transposed direction is done by sub-pixel convolution: all
  four interleaved output grids at once as channels of one 2x2 convolution, without the zeros of stride 2.

On a GPU, and under ``torch.vmap``, these few channels make matrix products (:mod:`._products`) and all other
shapes take the stock kernels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

from disentangle_cli.networks._products import conv_by_product, transposed_by_product

FEW_CHANNELS = 2
FORMS = {
    "cpu": f"sub-pixel for 4x4 kernels with up to {FEW_CHANNELS} channels, plain kernels backward",
    "cuda": f"matrix products for 4x4 kernels with up to {FEW_CHANNELS} channels",
}
"""Which form a shape gets, in words: resume states hold it, as another form rounds otherwise."""


def conv_s2(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """As ``F.conv2d`` with stride 2: (n, I, H, W) and weight (O, I, k, k)."""
    x, weight, bias = autocast(x), autocast(weight), None if bias is None else autocast(bias)
    if not _has_few_channels(weight, padding):
        return F.conv2d(x, weight, bias, stride=2, padding=padding)
    if not _is_cpu(x):
        return conv_by_product(x, weight, bias)
    if is_traced():
        return F.conv2d(x, weight, bias, stride=2, padding=padding)
    y: Tensor = _Conv.apply(x, weight, bias, padding)  # type: ignore[no-untyped-call]
    return y


def transposed_conv_s2(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """As ``F.conv_transpose2d`` with stride 2 and no bias: (n, I, H, W) and weight (I, O, k, k)."""
    x, weight = autocast(x), autocast(weight)
    if _is_cpu(x):
        if is_traced():
            return _transpose(x, weight, padding)
        y: Tensor = _TransposedConv.apply(x, weight, padding)  # type: ignore[no-untyped-call]
        return y
    if _has_few_channels(weight, padding):
        return transposed_by_product(x, weight)
    return F.conv_transpose2d(x, weight, stride=2, padding=padding)


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding  # type: ignore[attr-defined]
        return F.conv2d(x, weight, bias, stride=2, padding=padding)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors  # type: ignore[attr-defined]
        padding: int = ctx.padding  # type: ignore[attr-defined]
        wants_x, wants_w, wants_b, _ = ctx.needs_input_grad  # type: ignore[attr-defined]
        grad_x = _transpose(grad, weight, padding) if wants_x else None
        grad_w = _weight_gradient(grad, x, weight, padding) if wants_w else None
        return grad_x, grad_w, grad.sum((0, 2, 3)) if wants_b else None, None


class _TransposedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding  # type: ignore[attr-defined]
        return _transpose(x, weight, padding)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors  # type: ignore[attr-defined]
        padding: int = ctx.padding  # type: ignore[attr-defined]
        wants_x, wants_w, _ = ctx.needs_input_grad  # type: ignore[attr-defined]
        grad_x = F.conv2d(grad, weight, stride=2, padding=padding) if wants_x else None
        return grad_x, _weight_gradient(x, grad, weight, padding) if wants_w else None, None


def _transpose(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Transposed convolution without gradient, by whichever way is faster for the shape."""
    if not _has_few_channels(weight, padding):
        return F.conv_transpose2d(x, weight, stride=2, padding=padding)
    # Output 2p - 1 is x[p - 1] w[2] + x[p] w[0], output 2p is x[p - 1] w[3] + x[p] w[1].
    taps = torch.tensor([[2, 0], [3, 1]], device=weight.device)
    phases = weight[:, :, taps][:, :, :, :, taps]  # (I, O, row phase, row tap, column phase, column tap)
    kernels = phases.permute(1, 2, 4, 0, 3, 5).reshape(-1, weight.shape[0], 2, 2)
    return F.pixel_shuffle(F.conv2d(x, kernels, padding=1), 2)[..., 1:-1, 1:-1]


def _weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Weight gradient of the convolution of ``x`` whose output has gradient ``grad``."""
    geometry = ([2, 2], [padding] * 2, [1, 1], False, [0, 0], 1)
    wanted = [False, True, False]
    result: Tensor = torch.ops.aten.convolution_backward(grad, x, weight, None, *geometry, wanted)[1]
    return result


def autocast(x: Tensor) -> Tensor:
    """What autocast would make of an operand (it looks neither into custom functions nor under vmap)."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x


def is_mapped() -> bool:
    """Whether ``torch.vmap`` is at work, which knows the stock operators only."""
    return bool(torch._C._are_functorch_transforms_active())


def is_traced() -> bool:
    """Whether ``torch.jit.trace`` is at work: a program holds no Python function, and needs no gradient."""
    return bool(torch._C._get_tracing_state() is not None)


def _is_cpu(x: Tensor) -> bool:
    """Whether the forms for a CPU apply: vmap does not know them."""
    return x.device.type == "cpu" and not is_mapped()


def _has_few_channels(weight: Tensor, padding: int) -> bool:
    """Whether a shape, with the channels of the large side second, has a form of its own."""
    return weight.shape[1] <= FEW_CHANNELS and weight.shape[-1] == 4 and padding == 1

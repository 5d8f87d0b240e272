"""How each ATen operation on what depends on the latent becomes steps of a program."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_cli.modelling.program import FUNCTIONS, PAIRS
from disentangle_cli.modelling.recorder import Live, Recorder, UntraceableError

MOVES = frozenset((
    "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "slice", "select", "unsqueeze", "squeeze",
    "expand", "repeat", "clone", "alias", "detach", "lift_fresh", "_to_copy", "contiguous", "narrow", "flip",
    "roll", "index", "index_select", "split", "split_with_sizes", "unbind", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle", "upsample_nearest2d", "_upsample_nearest_exact2d",
    "reflection_pad2d", "replication_pad2d", "view_copy", "permute_copy", "slice_copy",
))  # fmt: skip
"""Operations that move, repeat or leave out numbers."""


def _convolution(
    recorder: Recorder, value: Tensor, x: Any, weight: Any, bias: Any, stride: list[int], padding: list[int],
    dilation: list[int], transposed: bool, beyond: list[int], groups: int,
) -> Live:  # fmt: skip
    _fixed(weight, bias)
    if weight.ndim != 4:
        raise UntraceableError(f"it has a convolution in {weight.ndim - 2} dimensions, not 2")
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"beyond": beyond, "kernel": list(weight.shape[2:])}
    name = "transposed" if transposed else "convolution"
    return recorder.add(name, value, [x], [weight, bias], input=list(x.shape[1:]), **options)


def _addmm(
    recorder: Recorder, value: Tensor, bias: Any, x: Any, matrix: Any, beta: float = 1, alpha: float = 1
) -> Live:
    _fixed(bias, matrix)
    return recorder.add("linear", value, [x], [alpha * matrix.T, beta * bias], input=list(x.shape))


def _mm(recorder: Recorder, value: Tensor, x: Any, matrix: Any) -> Live:
    _fixed(matrix)
    return recorder.add("linear", value, [x], [matrix.T, None], input=list(x.shape))


def _batch_norm(
    recorder: Recorder, value: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *rest: Any
) -> list[Live]:
    training, (_, eps) = (rest[0], rest[1:]) if len(rest) == 3 else (False, rest)
    out, channels = value[0], x.shape[1]
    if training or mean is None:  # of one image: each channel on its own
        x = recorder.add("normalise", out, [x], groups=channels, eps=eps)
        return [_scaled(recorder, out, x, weight, bias)]
    factor = 1 / (variance + eps).sqrt() * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * factor
    return [_scaled(recorder, out, x, factor, shift)]


def _group_norm(
    recorder: Recorder,
    value: Any,
    x: Any,
    weight: Any,
    bias: Any,
    n: int,
    c: int,
    size: int,
    groups: int,
    eps: float,
) -> list[Live]:
    normal = recorder.add("normalise", value[0], [x], groups=groups, eps=eps)
    return [_scaled(recorder, value[0], normal, weight, bias)]


def _layer_norm(
    recorder: Recorder, value: Any, x: Any, shape: list[int], weight: Any, bias: Any, eps: float
) -> list[Live]:
    groups = x.value.numel() // math.prod(shape)
    normal = recorder.add("normalise", value[0], [x], groups=groups, eps=eps)
    for constant, name in ((weight, "mul"), (bias, "add")):
        if constant is not None:
            normal = _pair(name)(recorder, value[0], normal, constant)
    return [normal]


def _scaled(recorder: Recorder, value: Tensor, x: Live, factor: Any, shift: Any) -> Live:
    """A factor and a shift for each channel, either or both."""
    _fixed(factor, shift)
    if factor is None and shift is None:
        return Live(value, x.register)
    return recorder.add("affine", value, [x], [factor, shift], inner=math.prod(x.shape[2:]))


def _pair(name: str) -> Callable[..., Live]:
    """Sum, difference, product or quotient of two tensors, one of which may be constant."""

    def handle(recorder: Recorder, value: Tensor, x: Any, y: Any, *, alpha: float = 1) -> Live:
        if isinstance(x, Live) and isinstance(y, Live):
            if alpha != 1:
                y = recorder.add("affine", y.value, [y], [torch.tensor([float(alpha)]), None], inner=1)
            return recorder.add(name, value, [_spread(recorder, x, value), _spread(recorder, y, value)])
        first = isinstance(x, Live)
        live = _spread(recorder, x if first else y, value)
        constant, inner = _compact(torch.as_tensor(y if first else x, dtype=torch.float32), value.shape)
        factor, shift = None, None
        if name == "mul":
            factor = constant
        elif name == "div":
            factor = 1 / constant if first else constant
            live = live if first else recorder.add("reciprocal", live.value, [live], constants=[])
        else:
            sign = alpha if name == "add" else -alpha
            shift = sign * constant if first else constant
            factor = None if first or sign == 1 else torch.full_like(constant, sign)
        return recorder.add("affine", value, [live], [factor, shift], inner=inner)

    return handle


def _spread(recorder: Recorder, live: Live, value: Tensor) -> Live:
    """``live`` in the shape of ``value``, to which it is broadcast."""
    places = torch.arange(live.value.numel()).reshape(live.shape).expand(value.shape)
    return recorder.gather(live, live.value.expand(value.shape), places)


def _compact(constant: Tensor, shape: Sequence[int]) -> tuple[Tensor, int]:
    """What is broadcast to ``shape`` as a row of constants, and how many numbers in a row meet each."""
    constant = constant.reshape([1] * (len(shape) - constant.ndim) + list(constant.shape))
    sides = [i for i, side in enumerate(constant.shape) if side > 1]
    if not sides:
        return constant.flatten(), 1
    if constant.shape[sides[0] : sides[-1] + 1] != torch.Size(shape[sides[0] : sides[-1] + 1]):
        return constant.expand(shape).flatten(), 1
    return constant.flatten(), math.prod(shape[sides[-1] + 1 :])


def _reversed_difference(recorder: Recorder, value: Tensor, x: Live, y: Any, alpha: float = 1) -> Live:
    return _pair("sub")(recorder, value, y, x, alpha=alpha)


def _each(name: str, *defaults: float) -> Callable[..., Live]:
    """A function of one number, with its constants."""

    def handle(recorder: Recorder, value: Tensor, x: Live, *given: float, **unused: Any) -> Live:
        return recorder.add(name, value, [x], constants=[*given, *defaults[len(given) :]])

    return handle


def _gelu(recorder: Recorder, value: Tensor, x: Live, approximate: str = "none") -> Live:
    return recorder.add("gelu" if approximate == "none" else "gelu_tanh", value, [x], constants=[])


LARGE = 3e38


def _clamp(
    recorder: Recorder, value: Tensor, x: Live, low: Any = None, high: Any = None, **named: Any
) -> Live:
    low, high = named.get("min", low), named.get("max", high)
    limits = [-LARGE if low is None else float(low), LARGE if high is None else float(high)]
    return recorder.add("clamp", value, [x], constants=limits)


def _power(recorder: Recorder, value: Tensor, x: Live, exponent: Any) -> Live:
    if exponent == 2:
        return recorder.add("mul", value, [x, x])
    if exponent in (0.5, -0.5):
        return recorder.add("sqrt" if exponent > 0 else "rsqrt", value, [x], constants=[])
    raise UntraceableError(f"it raises values to the power of {exponent}")


def _prelu(recorder: Recorder, value: Tensor, x: Live, slopes: Tensor) -> Live:
    minus = recorder.add("neg", x.value, [x], constants=[])
    below = recorder.add("relu", x.value, [minus], constants=[])
    sloped = _pair("mul")(recorder, value, below, -slopes)
    return recorder.add("add", value, [recorder.add("relu", value, [x], constants=[]), sloped])


def _join(recorder: Recorder, value: Tensor, parts: Sequence[Any], dim: int = 0) -> Live:
    """Tensors side by side, constant ones among them."""
    live = [part for part in parts if isinstance(part, Live)]
    fixed = [part.flatten() for part in parts if isinstance(part, Tensor)]
    places, start = [], 0
    beyond = sum(part.value.numel() for part in live)
    for part in parts:
        count = math.prod(part.shape)
        first, start, beyond = (
            (start, start + count, beyond) if isinstance(part, Live) else (beyond, start, beyond + count)
        )
        places.append(torch.arange(first, first + count).reshape(part.shape))
    joined = recorder.add("join", value, live, [torch.cat(fixed) if fixed else None])
    return recorder.gather(joined, value, torch.cat(places, dim))


def _pad(recorder: Recorder, value: Tensor, x: Live, pad: list[int], fill: float = 0.0) -> Live:
    count = x.value.numel()
    places = nn.functional.pad(torch.arange(count).reshape(x.shape), pad, value=count)
    return recorder.gather(x, value, places, fill)


def _resize(target: Callable[..., Tensor]) -> Callable[..., Live]:
    """Interpolation, whose rows and columns are two matrices: found by resizing each single row or column."""

    def handle(recorder: Recorder, value: Tensor, x: Live, *options: Any) -> Live:
        _, channels, height, width = x.shape
        rows = torch.eye(height)[None, :, :, None].expand(1, height, height, width)
        columns = torch.eye(width)[None, :, None, :].expand(1, width, height, width)
        matrices = [target(rows, *options)[0, :, :, 0].T, target(columns, *options)[0, :, 0, :].T]
        return recorder.add("resize", value, [x], matrices, input=[channels, height, width])

    return handle


def _reduction(mean: bool) -> Callable[..., Live]:
    """Sum or mean over some dimensions, or over all: a linear map of rows."""

    def handle(
        recorder: Recorder,
        value: Tensor,
        x: Live,
        dims: Sequence[int] | None = None,
        keepdim: bool = False,
        **unused: Any,
    ) -> Live:
        ndim = len(x.shape)
        last = [dim % ndim for dim in dims] if dims else list(range(ndim))
        order = [dim for dim in range(ndim) if dim not in last] + last
        count = math.prod(x.shape[dim] for dim in last)
        places = torch.arange(x.value.numel()).reshape(x.shape).permute(order).reshape(-1, count)
        rows = recorder.gather(x, x.value.permute(order).reshape(-1, count), places)
        weight = torch.full((1, count), 1 / count if mean else 1.0)
        return recorder.add("linear", value, [rows], [weight, None], input=list(places.shape))

    return handle


def _fixed(*weights: Any) -> None:
    if any(isinstance(weight, Live) for weight in weights):
        raise UntraceableError("it makes weights out of the latents")


aten = torch.ops.aten
HANDLERS: dict[str, Callable[..., Any]] = {
    "convolution": _convolution,
    "addmm": _addmm,
    "mm": _mm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "native_group_norm": _group_norm,
    "native_layer_norm": _layer_norm,
    "rsub": _reversed_difference,
    "leaky_relu": _each("leaky_relu", 0.01),
    "elu": _each("elu", 1.0, 1.0, 1.0),
    "celu": lambda recorder, value, x, alpha=1.0: _each("elu")(recorder, value, x, alpha, 1.0, 1 / alpha),
    "softplus": _each("softplus", 1.0, 20.0),
    "gelu": _gelu,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "hardtanh": lambda recorder, value, x, low=-1.0, high=1.0: _clamp(recorder, value, x, low, high),
    "clamp_max": lambda recorder, value, x, high: _clamp(recorder, value, x, None, high),
    "pow": _power,
    "_prelu_kernel": _prelu,
    "mean": _reduction(True),
    "sum": _reduction(False),
    "cat": _join,
    "constant_pad_nd": _pad,
    "upsample_bilinear2d": _resize(aten.upsample_bilinear2d),
    "upsample_bicubic2d": _resize(aten.upsample_bicubic2d),
    "_adaptive_avg_pool2d": _resize(aten._adaptive_avg_pool2d),
    **{name: _pair(name) for name in PAIRS},
}
HANDLERS |= {name: _each(name) for name in FUNCTIONS if name not in HANDLERS}
"""What records each operation: called with its value and its arguments."""

"""From a generator network to a :class:`~disentangle_cli.modelling.program.Program`.

The network is run once and its ATen operations are recorded. What does not depend on the latent (spectral
norm, kernels that are put together) is computed here; what only moves numbers becomes a list of indices;
batch norm becomes a factor and a shift.
"""

import copy
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from disentangle_cli.lines import one_line
from disentangle_cli.modelling.program import FUNCTIONS, PAIRS, Program, Step


class UntraceableError(Exception):
    """A network that no program can stand for; says why, as the end of a sentence."""


@dataclass(frozen=True)
class _Live:
    """A tensor (1, ...) that depends on the latent: its value in the traced run and its register."""

    value: Tensor
    register: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)


def trace(network: nn.Module, latent_dim: int) -> Program:
    """The program of ``network``: (n, latent_dim) latents -> (n, C, H, W) images.

    Raises:
        UntraceableError: it does something that programs cannot.
    """
    network = copy.deepcopy(network).cpu().float().eval()
    latent = torch.linspace(-1.0, 1.0, latent_dim)[None]
    try:
        with torch.no_grad():
            graph = make_fx(network)(latent)
            graph.graph.eliminate_dead_code()
            tracer = _Tracer(graph)
            image = tracer.run(latent)
    except UntraceableError:
        raise
    except Exception as error:  # a network may be anybody's code, and tracing meets all of it
        reason = one_line(next(iter(str(error).splitlines()), type(error).__name__))
        raise UntraceableError(f"its network cannot be traced ({reason[:100]})") from error
    if not isinstance(image, _Live) or image.value.ndim != 4:
        raise UntraceableError("its network does not give images (n, C, H, W) that depend on the latents")
    return tracer.program(image)


class _Tracer(fx.Interpreter):
    """Runs a graph; operations on live tensors are recorded as steps."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.extra_traceback = False  # errors keep their words
        self.steps: list[Step] = []
        self.weights: list[Tensor] = []

    def placeholder(self, target: Any, args: Any, kwargs: Any) -> Any:
        """The latent: register 0."""
        return _Live(super().placeholder(target, args, kwargs), 0)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute a value, and record how if it depends on the latent."""
        leaves = pytree.tree_leaves((args, kwargs))
        if target is operator.getitem or not any(isinstance(leaf, _Live) for leaf in leaves):
            return super().call_function(target, args, kwargs)
        plain = pytree.tree_map(lambda leaf: leaf.value if isinstance(leaf, _Live) else leaf, (args, kwargs))
        value = target(*plain[0], **plain[1])
        # of "relu_" in place: whoever reads the tensor later reads what this gives
        name = target._schema.name.removeprefix("aten::")
        name = name.removesuffix("_") if name.removesuffix("_") in HANDLERS else name
        if name in MOVES:
            return self._move(target, value, args, kwargs)
        if name not in HANDLERS:
            raise UntraceableError(f"it uses the operation {name}, which the page does not know")
        return HANDLERS[name](self, value, *args, **kwargs)

    def output(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The image."""
        return args[0]

    def add(
        self,
        name: str,
        value: Tensor,
        reads: Sequence[_Live],
        weights: Sequence[Tensor | None] = (),
        **options: Any,
    ) -> _Live:
        """Record a step that gives ``value`` (1, ...)."""
        places = tuple(None if weight is None else self._keep(weight) for weight in weights)
        read = tuple(live.register for live in reads)
        self.steps.append(Step(name, read, tuple(value.shape), places, options))
        return _Live(value, len(self.steps))

    def _keep(self, weight: Tensor) -> int:
        kind = torch.float32 if weight.is_floating_point() else torch.int32
        self.weights.append(weight.detach().to(kind).contiguous())
        return len(self.weights) - 1

    def program(self, image: _Live) -> Program:
        """What leads to ``image``, numbered anew."""
        needed = {image.register}
        for register in range(len(self.steps), 0, -1):
            if register in needed:
                needed.update(self.steps[register - 1].reads)
        order = sorted(needed - {0})
        registers = {0: 0} | {old: new for new, old in enumerate(order, 1)}
        kept = [self.steps[old - 1] for old in order]
        held = sorted({place for step in kept for place in step.weights if place is not None})
        places: dict[int | None, int | None] = {None: None} | {old: new for new, old in enumerate(held)}
        steps = [
            replace(
                step,
                reads=tuple(registers[i] for i in step.reads),
                weights=tuple(places[i] for i in step.weights),
            )
            for step in kept
        ]
        return Program(steps, [self.weights[i] for i in held], tuple(image.shape[1:]))

    def _move(self, target: Any, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record an operation that only moves numbers, or repeats them or leaves some out."""
        (live,) = (leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, _Live))
        places = torch.arange(live.value.numel(), dtype=torch.float64).reshape(live.shape)
        args, kwargs = pytree.tree_map(lambda leaf: places if leaf is live else leaf, (args, kwargs))
        # the places keep their type
        found = target(*args, **{key: given for key, given in kwargs.items() if key != "dtype"})
        if isinstance(value, Tensor) and not value.is_floating_point():
            raise UntraceableError("it makes whole numbers of its values")
        if isinstance(value, Tensor):
            return self.gather(live, value, found)
        return [self.gather(live, *pair) for pair in zip(value, found, strict=True)]

    def gather(self, live: _Live, value: Tensor, places: Tensor, fill: float = 0.0) -> _Live:
        """``value`` is made of the numbers of ``live`` at ``places``; beyond the last there is ``fill``."""
        flat, count = places.flatten().round().long(), live.value.numel()
        if torch.equal(flat, torch.arange(count)):  # another shape of the same row
            return _Live(value, live.register)
        before = self.steps[live.register - 1] if live.register else None
        if before and before.name == "gather" and before.options["fill"] == fill:  # both at once
            (register,), (place,) = before.reads, before.weights
            length = before.options["count"]
            flat = torch.cat([self.weights[place or 0].long(), torch.tensor([length])])[flat]
            live, count = _Live(live.value, register), length
        return self.add("gather", value, [live], [flat.int()], fill=fill, count=count)


MOVES = frozenset((
    "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "slice", "select", "unsqueeze", "squeeze",
    "expand", "repeat", "clone", "alias", "detach", "lift_fresh", "_to_copy", "contiguous", "narrow", "flip",
    "roll", "index", "index_select", "split", "split_with_sizes", "unbind", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle", "upsample_nearest2d", "_upsample_nearest_exact2d",
    "reflection_pad2d", "replication_pad2d", "view_copy", "permute_copy", "slice_copy",
))  # fmt: skip
"""Operations that move, repeat or leave out numbers."""


def _convolution(
    tracer: _Tracer, value: Tensor, x: Any, weight: Any, bias: Any, stride: list[int], padding: list[int],
    dilation: list[int], transposed: bool, beyond: list[int], groups: int,
) -> _Live:  # fmt: skip
    _fixed(weight, bias)
    if weight.ndim != 4:
        raise UntraceableError(f"it has a convolution in {weight.ndim - 2} dimensions, not 2")
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"beyond": beyond, "kernel": list(weight.shape[2:])}
    name = "transposed" if transposed else "convolution"
    return tracer.add(name, value, [x], [weight, bias], input=list(x.shape[1:]), **options)


def _addmm(
    tracer: _Tracer, value: Tensor, bias: Any, x: Any, matrix: Any, beta: float = 1, alpha: float = 1
) -> _Live:
    _fixed(bias, matrix)
    return tracer.add("linear", value, [x], [alpha * matrix.T, beta * bias], input=list(x.shape))


def _mm(tracer: _Tracer, value: Tensor, x: Any, matrix: Any) -> _Live:
    _fixed(matrix)
    return tracer.add("linear", value, [x], [matrix.T, None], input=list(x.shape))


def _batch_norm(
    tracer: _Tracer, value: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *rest: Any
) -> list[_Live]:
    training, (_, eps) = (rest[0], rest[1:]) if len(rest) == 3 else (False, rest)
    out, channels = value[0], x.shape[1]
    if training or mean is None:  # of one image: each channel on its own
        x = tracer.add("normalise", out, [x], groups=channels, eps=eps)
        return [_scaled(tracer, out, x, weight, bias)]
    factor = 1 / (variance + eps).sqrt() * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * factor
    return [_scaled(tracer, out, x, factor, shift)]


def _group_norm(
    tracer: _Tracer,
    value: Any,
    x: Any,
    weight: Any,
    bias: Any,
    n: int,
    c: int,
    size: int,
    groups: int,
    eps: float,
) -> list[_Live]:
    normal = tracer.add("normalise", value[0], [x], groups=groups, eps=eps)
    return [_scaled(tracer, value[0], normal, weight, bias)]


def _layer_norm(
    tracer: _Tracer, value: Any, x: Any, shape: list[int], weight: Any, bias: Any, eps: float
) -> list[_Live]:
    groups = x.value.numel() // math.prod(shape)
    normal = tracer.add("normalise", value[0], [x], groups=groups, eps=eps)
    for constant, name in ((weight, "mul"), (bias, "add")):
        if constant is not None:
            normal = _pair(name)(tracer, value[0], normal, constant)
    return [normal]


def _scaled(tracer: _Tracer, value: Tensor, x: _Live, factor: Any, shift: Any) -> _Live:
    """A factor and a shift for each channel, either or both."""
    _fixed(factor, shift)
    if factor is None and shift is None:
        return _Live(value, x.register)
    return tracer.add("affine", value, [x], [factor, shift], inner=math.prod(x.shape[2:]))


def _pair(name: str) -> Callable[..., _Live]:
    """Sum, difference, product or quotient of two tensors, one of which may be constant."""

    def handle(tracer: _Tracer, value: Tensor, x: Any, y: Any, *, alpha: float = 1) -> _Live:
        if isinstance(x, _Live) and isinstance(y, _Live):
            if alpha != 1:
                y = tracer.add("affine", y.value, [y], [torch.tensor([float(alpha)]), None], inner=1)
            return tracer.add(name, value, [_spread(tracer, x, value), _spread(tracer, y, value)])
        first = isinstance(x, _Live)
        live = _spread(tracer, x if first else y, value)
        constant, inner = _compact(torch.as_tensor(y if first else x, dtype=torch.float32), value.shape)
        factor, shift = None, None
        if name == "mul":
            factor = constant
        elif name == "div":
            factor = 1 / constant if first else constant
            live = live if first else tracer.add("reciprocal", live.value, [live], constants=[])
        else:
            sign = alpha if name == "add" else -alpha
            shift = sign * constant if first else constant
            factor = None if first or sign == 1 else torch.full_like(constant, sign)
        return tracer.add("affine", value, [live], [factor, shift], inner=inner)

    return handle


def _spread(tracer: _Tracer, live: _Live, value: Tensor) -> _Live:
    """``live`` in the shape of ``value``, to which it is broadcast."""
    places = torch.arange(live.value.numel()).reshape(live.shape).expand(value.shape)
    return tracer.gather(live, live.value.expand(value.shape), places)


def _compact(constant: Tensor, shape: Sequence[int]) -> tuple[Tensor, int]:
    """What is broadcast to ``shape`` as a row of constants, and how many numbers in a row meet each."""
    constant = constant.reshape([1] * (len(shape) - constant.ndim) + list(constant.shape))
    sides = [i for i, side in enumerate(constant.shape) if side > 1]
    if not sides:
        return constant.flatten(), 1
    if constant.shape[sides[0] : sides[-1] + 1] != torch.Size(shape[sides[0] : sides[-1] + 1]):
        return constant.expand(shape).flatten(), 1
    return constant.flatten(), math.prod(shape[sides[-1] + 1 :])


def _reversed_difference(tracer: _Tracer, value: Tensor, x: _Live, y: Any, alpha: float = 1) -> _Live:
    return _pair("sub")(tracer, value, y, x, alpha=alpha)


def _each(name: str, *defaults: float) -> Callable[..., _Live]:
    """A function of one number, with its constants."""

    def handle(tracer: _Tracer, value: Tensor, x: _Live, *given: float, **unused: Any) -> _Live:
        return tracer.add(name, value, [x], constants=[*given, *defaults[len(given) :]])

    return handle


def _gelu(tracer: _Tracer, value: Tensor, x: _Live, approximate: str = "none") -> _Live:
    return tracer.add("gelu" if approximate == "none" else "gelu_tanh", value, [x], constants=[])


LARGE = 3e38


def _clamp(
    tracer: _Tracer, value: Tensor, x: _Live, low: Any = None, high: Any = None, **named: Any
) -> _Live:
    low, high = named.get("min", low), named.get("max", high)
    limits = [-LARGE if low is None else float(low), LARGE if high is None else float(high)]
    return tracer.add("clamp", value, [x], constants=limits)


def _power(tracer: _Tracer, value: Tensor, x: _Live, exponent: Any) -> _Live:
    if exponent == 2:
        return tracer.add("mul", value, [x, x])
    if exponent in (0.5, -0.5):
        return tracer.add("sqrt" if exponent > 0 else "rsqrt", value, [x], constants=[])
    raise UntraceableError(f"it raises values to the power of {exponent}")


def _prelu(tracer: _Tracer, value: Tensor, x: _Live, slopes: Tensor) -> _Live:
    minus = tracer.add("neg", x.value, [x], constants=[])
    below = tracer.add("relu", x.value, [minus], constants=[])
    sloped = _pair("mul")(tracer, value, below, -slopes)
    return tracer.add("add", value, [tracer.add("relu", value, [x], constants=[]), sloped])


def _join(tracer: _Tracer, value: Tensor, parts: Sequence[Any], dim: int = 0) -> _Live:
    """Tensors side by side, constant ones among them."""
    live = [part for part in parts if isinstance(part, _Live)]
    fixed = [part.flatten() for part in parts if isinstance(part, Tensor)]
    places, start = [], 0
    beyond = sum(part.value.numel() for part in live)
    for part in parts:
        count = math.prod(part.shape)
        first, start, beyond = (
            (start, start + count, beyond) if isinstance(part, _Live) else (beyond, start, beyond + count)
        )
        places.append(torch.arange(first, first + count).reshape(part.shape))
    joined = tracer.add("join", value, live, [torch.cat(fixed) if fixed else None])
    return tracer.gather(joined, value, torch.cat(places, dim))


def _pad(tracer: _Tracer, value: Tensor, x: _Live, pad: list[int], fill: float = 0.0) -> _Live:
    count = x.value.numel()
    places = nn.functional.pad(torch.arange(count).reshape(x.shape), pad, value=count)
    return tracer.gather(x, value, places, fill)


def _resize(target: Callable[..., Tensor]) -> Callable[..., _Live]:
    """Interpolation, whose rows and columns are two matrices: found by resizing each single row or column."""

    def handle(tracer: _Tracer, value: Tensor, x: _Live, *options: Any) -> _Live:
        _, channels, height, width = x.shape
        rows = torch.eye(height)[None, :, :, None].expand(1, height, height, width)
        columns = torch.eye(width)[None, :, None, :].expand(1, width, height, width)
        matrices = [target(rows, *options)[0, :, :, 0].T, target(columns, *options)[0, :, 0, :].T]
        return tracer.add("resize", value, [x], matrices, input=[channels, height, width])

    return handle


def _fixed(*weights: Any) -> None:
    if any(isinstance(weight, _Live) for weight in weights):
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
    "celu": lambda tracer, value, x, alpha=1.0: _each("elu")(tracer, value, x, alpha, 1.0, 1 / alpha),
    "softplus": _each("softplus", 1.0, 20.0),
    "gelu": _gelu,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "hardtanh": lambda tracer, value, x, low=-1.0, high=1.0: _clamp(tracer, value, x, low, high),
    "clamp_max": lambda tracer, value, x, high: _clamp(tracer, value, x, None, high),
    "pow": _power,
    "_prelu_kernel": _prelu,
    "cat": _join,
    "constant_pad_nd": _pad,
    "upsample_bilinear2d": _resize(aten.upsample_bilinear2d),
    "upsample_bicubic2d": _resize(aten.upsample_bicubic2d),
    "_adaptive_avg_pool2d": _resize(aten._adaptive_avg_pool2d),
    **{name: _pair(name) for name in PAIRS},
}
HANDLERS |= {name: _each(name) for name in FUNCTIONS if name not in HANDLERS}
"""What records each operation: called with its value and its arguments."""

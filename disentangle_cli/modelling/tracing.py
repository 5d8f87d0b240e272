"""From a generator network to a :class:`~disentangle_cli.modelling.program.Program`.

The network is run once and its ATen operations are recorded. What does not depend on the latent (spectral
norm, kernels that are put together) is computed here; what only moves numbers becomes a list of indices;
batch norm becomes a factor and a shift.
"""

import copy
import operator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from disentangle_cli.lines import one_line
from disentangle_cli.modelling.aten import HANDLERS, MOVES
from disentangle_cli.modelling.program import Program
from disentangle_cli.modelling.recorder import Live, Recorder, UntraceableError


def trace(network: nn.Module, latent_dim: int) -> Program:
    """The program of ``network``: (n, latent_dim) latents -> (n, C, H, W) images.

    Raises:
        UntraceableError: it does something that programs cannot.
    """
    latent = torch.linspace(-1.0, 1.0, latent_dim)[None]
    try:
        with torch.no_grad():
            graph = make_fx(copy.deepcopy(network).cpu().float().eval())(latent)
            graph.graph.eliminate_dead_code()
            tracer = _Tracer(graph)
            image = tracer.run(latent)
    except UntraceableError:
        raise
    except Exception as error:  # a network may be anybody's code, and tracing meets all of it
        reason = one_line(next(iter(str(error).splitlines()), type(error).__name__))
        raise UntraceableError(f"its network cannot be traced ({reason[:100]})") from error
    if not isinstance(image, Live) or image.value.ndim != 4:
        raise UntraceableError("its network does not give images (n, C, H, W) that depend on the latents")
    return tracer.recorder.program(image)


class _Tracer(fx.Interpreter):
    """Runs a graph; operations on live tensors are recorded as steps."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.extra_traceback = False  # errors keep their words
        self.recorder = Recorder()

    def placeholder(self, target: Any, args: Any, kwargs: Any) -> Any:
        """The latent: register 0."""
        return Live(super().placeholder(target, args, kwargs), 0)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute a value, and record how if it depends on the latent."""
        leaves = pytree.tree_leaves((args, kwargs))
        if target is operator.getitem or not any(isinstance(leaf, Live) for leaf in leaves):
            return super().call_function(target, args, kwargs)
        plain = pytree.tree_map(lambda leaf: leaf.value if isinstance(leaf, Live) else leaf, (args, kwargs))
        value = target(*plain[0], **plain[1])
        # of "relu_" in place: whoever reads the tensor later reads what this gives
        name = target._schema.name.removeprefix("aten::")
        name = name.removesuffix("_") if name.removesuffix("_") in HANDLERS else name
        if name in MOVES:
            return self._move(target, value, args, kwargs)
        if name not in HANDLERS:
            raise UntraceableError(f"it uses the operation {name}, which the page does not know")
        return HANDLERS[name](self.recorder, value, *args, **kwargs)

    def output(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The image."""
        return args[0]

    def _move(self, target: Any, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record an operation that only moves numbers, or repeats them or leaves some out."""
        (live,) = (leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Live))
        places = torch.arange(live.value.numel(), dtype=torch.float64).reshape(live.shape)
        args, kwargs = pytree.tree_map(lambda leaf: places if leaf is live else leaf, (args, kwargs))
        # the places keep their type
        found = target(*args, **{key: given for key, given in kwargs.items() if key != "dtype"})
        if isinstance(value, Tensor) and not value.is_floating_point():
            raise UntraceableError("it makes whole numbers of its values")
        if isinstance(value, Tensor):
            return self.recorder.gather(live, value, found)
        return [self.recorder.gather(live, *pair) for pair in zip(value, found, strict=True)]

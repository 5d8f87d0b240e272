"""Whole training iterations as CUDA graphs.

Networks this small leave a GPU waiting for Python, which starts more than a thousand kernels in an iteration.
A graph records them once and starts all of them by one call. They are the kernels of an iteration without a
graph, in the same order, so the numbers are the same.

A graph repeats what it recorded, with the same constants and on the same memory. So whatever is drawn on the
host is copied to tensors that its kernels read (:meth:`IterationGraph.fed`), learning rates are tensors too
(:mod:`disentangle_cli.modelling.adam`), and when a constant of the iteration changes, such as the weight of a
regulariser, a new graph is recorded.
"""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor

from disentangle_cli import output
from disentangle_cli.devices import pinned, send
from disentangle_cli.reporting import is_out_of_memory

Scalars = dict[str, Tensor]
Draw = Callable[[], tuple[Tensor, ...]]

WARM_UP = 3
"""Iterations without a graph before one is recorded: what libraries make on first use must be there."""


class Recorder(Protocol):
    """What can record the kernels that a function starts."""

    def aside(self) -> AbstractContextManager[Any]:
        """Where functions that will be recorded are to run before."""

    def record(self, function: Callable[[], Scalars]) -> tuple[Callable[[], None], Scalars]:
        """What repeats ``function`` when called, and the tensors in which it leaves its results."""


class IterationGraph:
    """Runs iterations of one model: a few as they are, then by a graph of them."""

    def __init__(self, device: torch.device, recorder: Recorder | None = None) -> None:
        self.device = device
        self._recorder = recorder or CudaRecorder(_shared_stream(device))
        self._constants: Hashable = None
        self._seen = 0
        self._replay: Callable[[], None] | None = None
        self._feeds: list[tuple[Draw, tuple[Tensor, ...]]] = []
        self._recording = False
        self._drawn: list[tuple[Tensor, ...]] = []
        """What was drawn while recording: the numbers of the iteration that has yet to be made."""
        self._refused = False

    def run(self, constants: Hashable, iterate: Callable[[Tensor], Scalars], images: Tensor) -> Scalars:
        """The scalars of ``iterate(images)``, which hold until the next call.

        Args:
            constants: whatever ``iterate`` depends on beyond tensors and what it draws.
            iterate: the iteration; everything it draws on the host comes from :meth:`fed`.
            images: a tensor on the device, of the same shape and layout in every call.
        """
        if constants != self._constants:
            self._constants, self._seen, self._replay = constants, 0, None
        if self._replay is not None:
            self._images.copy_(images)
            for draw, held in self._feeds:
                for tensor, x in zip(held, self._next(draw), strict=True):
                    tensor.copy_(pinned(x, self.device), non_blocking=True)
            self._replay()
            return self._scalars
        self._seen += 1
        if self._seen > WARM_UP and not self._refused and self._record(iterate, images):
            return self.run(constants, iterate, images)
        self._feeds = []
        with self._recorder.aside():
            return iterate(images)

    def fed(self, draw: Draw) -> tuple[Tensor, ...]:
        """What ``draw`` gives, on the device; in a graph, new values at each replay.

        Those come into the tensors of the last iteration without a graph: memory that is taken while
        recording may be what an earlier kernel of the same graph writes to.
        """
        if not self._recording:
            sent = tuple(send(x, self.device) for x in self._next(draw))
            self._feeds.append((draw, sent))
            return sent
        _, held = self._feeds[len(self._drawn)]
        self._drawn.append(draw())
        return held

    def _next(self, draw: Draw) -> tuple[Tensor, ...]:
        return self._drawn.pop(0) if self._drawn else draw()

    def _record(self, iterate: Callable[[Tensor], Scalars], images: Tensor) -> bool:
        """Record ``iterate`` without making it; False, and never again, where it cannot be recorded."""
        self._images = images.clone()
        self._recording = True
        try:
            self._replay, self._scalars = self._recorder.record(lambda: iterate(self._images))
        except RuntimeError as error:
            # the end of a recording fails, too, when what it recorded has failed
            if is_out_of_memory(error) or is_out_of_memory(error.__context__ or error):
                raise
            self._refused = True
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            output.warn(f"no CUDA graph could be made ({reason}); going on without, which is slower")
        finally:
            self._recording = False
        return not self._refused


def new_stream(device: torch.device) -> torch.cuda.Stream:
    """A stream of a GPU."""
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return stream


@cache
def _shared_stream(device: torch.device) -> torch.cuda.Stream:
    """One for all runs that are alone: libraries keep memory for each stream that they have seen."""
    return new_stream(device)


class CudaRecorder:
    """CUDA graphs, recorded on a stream of their own, to which gradients belong from their first use on."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self._stream = stream

    @contextmanager
    def aside(self) -> Any:
        """On that stream."""
        usual = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            yield
        usual.wait_stream(self._stream)

    def record(self, function: Callable[[], Scalars]) -> tuple[Callable[[], None], Scalars]:
        """See :class:`Recorder`."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            results = function()
        return graph.replay, results

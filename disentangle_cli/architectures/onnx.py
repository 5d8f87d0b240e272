"""Networks that are ONNX files: the bytes are the weights, onnxruntime runs them on the CPU.

The layout of images ("nchw" or "nhwc"; a flat row is taken as it is), the range the encoder wants and what
the decoder gives are options, so that outside the network images are (n, C, H, W) in [0, 1] like everywhere.
"""

import contextlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture
from disentangle_cli.networks.onnx_file import MAX_BYTES, open_session, reason, run_for

PATIENCE = 20.0
"""Seconds that a batch may take, besides one a row: a graph may hold loops, and those need not end."""
LAYOUTS = ("nchw", "nhwc")
SPREADS = ("logvar", "logstd", "var", "std")
"""What an encoder may give beside a mean: variance or standard deviation, or the logarithm of either."""
DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}


class OnnxNet(nn.Module):
    """Rows through an ONNX graph: its only weight is the buffer ``onnx``, uint8 (size,).

    The graph is checked and opened when the weights are loaded, so a bad one is refused there.
    """

    onnx: Tensor

    def __init__(self, size: int, outputs: list[str] | None = None) -> None:
        super().__init__()
        self.register_buffer("onnx", torch.zeros(size, dtype=torch.uint8))
        self.outputs = outputs
        self.register_load_state_dict_post_hook(_open)  # type: ignore[no-untyped-call]

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session."""
        return open_session(self.onnx.cpu().numpy().tobytes())

    def __getstate__(self) -> dict[str, Any]:
        # a session cannot be copied to another process; it is opened again there
        return {name: value for name, value in self.__dict__.items() if name != "session"}

    def run(self, rows: Tensor) -> list[Tensor]:
        """(n, ...) -> one (n, ...) float32 tensor per output, on the device of ``rows``.

        A graph exported for a fixed number of rows gets that many at a time.

        Raises:
            UsageError: the graph does not take such rows.
        """
        with _told():
            (taken,) = self.session.get_inputs()
            fixed, *row = taken.shape
            values = rows.detach().cpu().numpy().astype(DTYPES[taken.type])
            if all(isinstance(side, int) for side in row):
                values = values.reshape(len(values), *row)
            batch = fixed if isinstance(fixed, int) else len(values)
            parts = [self._run_batch(values[i : i + batch], batch) for i in range(0, len(values), batch)]
            joined = [np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)]
            return [torch.from_numpy(array).to(rows.device) for array in joined]

    def _run_batch(self, rows: NDArray[Any], batch: int) -> list[NDArray[Any]]:
        padding = np.repeat(rows[-1:], batch - len(rows), axis=0)
        feed = {self.session.get_inputs()[0].name: np.concatenate([rows, padding])}
        outputs = run_for(self.session, self.outputs, feed, PATIENCE + len(rows))
        for output in outputs:
            if np.asarray(output).dtype.kind not in "fiub":
                raise UsageError("an output of the ONNX model holds no numbers")
            if np.ndim(output) < 1 or len(output) != batch:
                raise UsageError(
                    f"{batch} rows in gave an output of shape {tuple(np.shape(output))}: export it with a "
                    "dynamic batch dimension"
                )
        return [output[: len(rows)] for output in outputs]


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Whatever onnxruntime raises, which has no class of its own, as a UsageError."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"onnxruntime stopped: {reason(error)}") from error


def _open(net: OnnxNet, _: Any) -> None:
    with _told():
        inputs = net.session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(taken.name for taken in inputs) or "none"
        raise UsageError(f"an ONNX model of a pool has one input, this has {len(inputs)} ({names})")
    if inputs[0].type not in DTYPES or not inputs[0].shape:
        raise UsageError(f"input {inputs[0].name} is {inputs[0].type}, not rows in floating point")
    if any(isinstance(side, int) and side < 1 for side in inputs[0].shape):
        raise UsageError(f"input {inputs[0].name} has the shape {inputs[0].shape}, which holds nothing")


class OnnxEncoder(OnnxNet):
    """(n, C, H, W) images in [0, 1] -> (n, outputs): means, and log-variances where there are some."""

    def __init__(
        self,
        size: int,
        outputs: list[str] | None,
        layout: str,
        low: float,
        high: float,
        width: int,
        spread: str = "logvar",
    ) -> None:
        super().__init__(size, outputs)
        self.layout, self.low, self.high, self.width, self.spread = layout, low, high, width, spread

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        scaled = images * (self.high - self.low) + self.low
        if self.layout == "nhwc":
            scaled = scaled.permute(0, 2, 3, 1)
        values = _rows_of(self.width, torch.cat([output.flatten(1) for output in self.run(scaled)], 1))
        if self.spread == "logvar":
            return values
        mean, spread = values.chunk(2, dim=1)
        return torch.cat([mean, to_logvar(spread, self.spread)], 1)


class OnnxGenerator(OnnxNet):
    """(n, L) -> (n, C, H, W); values in [0, 1], or the logits that the graph gives."""

    def __init__(self, size: int, layout: str, gives: str, image_shape: tuple[int, int, int]) -> None:
        super().__init__(size)
        self.layout, self.gives, self.image_shape = layout, gives, image_shape

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        channels, height, width = self.image_shape
        values = _rows_of(channels * height * width, self.run(latents)[0].flatten(1))
        if self.layout == "nhwc":
            values = values.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        images = values.reshape(-1, channels, height, width)
        if self.gives == "logits":
            return images
        return ((images + 1) / 2 if self.gives == "tanh" else images).clamp(0, 1)


def to_logvar(values: Tensor, spread: str) -> Tensor:
    """Log-variances from ``values`` of one of the :data:`SPREADS`, elementwise; of 0 a very small one.

    Raises:
        UsageError: a variance or a deviation is negative.
    """
    if spread in ("logvar", "logstd"):
        return values * (2 if spread == "logstd" else 1)
    if (values < 0).any():
        raise UsageError(
            f"its {spread} is {float(values.min()):.3g} somewhere, which cannot be; if it is a logarithm, "
            "say so with --encoder-outputs MEAN,NAME:logvar (or :logstd)"
        )
    logs = values.clamp(min=torch.finfo(values.dtype).tiny).log()
    return logs * (2 if spread == "std" else 1)


def _rows_of(width: int, values: Tensor) -> Tensor:
    """``values``, which a file of unknown origin gave: (n, width).

    Raises:
        UsageError: it gave rows of another width.
    """
    if values.shape[1] != width:
        raise UsageError(f"the ONNX model gives {values.shape[1]} numbers a row, where {width} are wanted")
    return values


@ARCHITECTURES.register("onnx")
class Onnx(Architecture):
    """Options: the sizes of both files in bytes, image layouts, and how values are to be read.

    ``input_low`` and ``input_high``: the range of the images that the encoder takes. ``gives``: ``logits``,
    ``probs`` or ``tanh``, what the decoder gives. ``encoder_outputs``: names of the outputs that hold the
    means and their spreads, all outputs if absent; ``encoder_spread`` is what those are, see :data:`SPREADS`.
    """

    def __init__(
        self,
        generator_bytes: int = 0,
        encoder_bytes: int = 0,
        gives: str = "probs",
        generator_layout: str = "nchw",
        encoder_layout: str = "nchw",
        input_low: float = 0.0,
        input_high: float = 1.0,
        encoder_outputs: list[str] | None = None,
        encoder_spread: str = "logvar",
    ) -> None:
        counts = (generator_bytes, encoder_bytes)
        if not all(type(count) is int and 0 <= count <= MAX_BYTES for count in counts):
            raise UsageError("architecture onnx: the sizes in bytes must be integers below 2 GiB")
        if not {generator_layout, encoder_layout} <= set(LAYOUTS) or gives not in ("logits", "probs", "tanh"):
            raise UsageError("architecture onnx: unknown layout or kind of output")
        if not isinstance(input_low, int | float) or not isinstance(input_high, int | float):
            raise UsageError("architecture onnx: the input range must be numbers")
        if encoder_spread not in SPREADS:
            raise UsageError(f"architecture onnx: encoder_spread must be one of {', '.join(SPREADS)}")
        names = encoder_outputs or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError("architecture onnx: encoder_outputs must be a list of names")
        self.generator_bytes, self.encoder_bytes = counts
        self.gives, self.generator_layout, self.encoder_layout = gives, generator_layout, encoder_layout
        self.input_low, self.input_high, self.encoder_outputs = input_low, input_high, names or None
        self.encoder_spread = encoder_spread

    def generator(self, latent_dim: int, channels: int, size: int) -> nn.Module:
        """(n, L) -> (n, C, size, size)."""
        _need(self.generator_bytes)
        shape = (channels, size, size)
        return OnnxGenerator(self.generator_bytes, self.generator_layout, self.gives, shape)

    def encoder(self, outputs: int, channels: int, size: int) -> nn.Module:
        """(n, C, size, size) -> (n, outputs)."""
        _need(self.encoder_bytes)
        layout, low, high = self.encoder_layout, self.input_low, self.input_high
        names, spread = self.encoder_outputs, self.encoder_spread
        return OnnxEncoder(self.encoder_bytes, names, layout, low, high, outputs, spread)


def _need(size: int) -> None:
    if not size:
        raise UsageError(
            "architecture onnx holds models from elsewhere (dcr import onnx); it cannot be trained"
        )

"""Models that came as ONNX graphs: given back as they came, with lines that adapt what they take and give."""

from typing import Any

import numpy as np
import torch

from disentangle_cli.architectures.onnx import Onnx
from disentangle_cli.exporting.about import LINE_ROWS, sampling
from disentangle_cli.exporting.target import Arrays, Opened
from disentangle_cli.modelling.loaded import LoadedModel
from disentangle_cli.networks.onnx_file import open_session

_DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16"}


def open_foreign(model: LoadedModel, generator: bytes, encoder: bytes, said: dict[str, Any]) -> Opened:
    """The graphs of a model as they were written, run as its checkpoint says."""
    architecture = _architecture(model, generator_bytes=len(generator), encoder_bytes=len(encoder))
    channels, height, _ = model.image_shape
    codes = model.latents.num_codes
    nets = (
        (architecture.generator(model.latents.dim, channels, height), generator),
        (architecture.encoder(codes * (2 if model.has_posterior else 1), channels, height), encoder),
    )
    for net, data in nets:
        net.load_state_dict({"onnx": torch.frombuffer(bytearray(data), dtype=torch.uint8)}, assign=True)
    (decode, _), (read, _) = nets

    def generate(latents: Arrays) -> Arrays:
        images = decode(model.latents.nearest(torch.from_numpy(latents)))
        return np.asarray((images.sigmoid() if architecture.gives == "logits" else images).numpy())

    def encode(images: Arrays) -> list[Arrays]:
        outputs = read(torch.from_numpy(images)).numpy()
        return [outputs[:, :codes], outputs[:, codes:]] if model.has_posterior else [outputs]

    return Opened(generate, encode, said)


def foreign_lines(model: LoadedModel, generator: str, encoder: str) -> list[str]:
    """As :meth:`~disentangle_cli.exporting.target.Target.lines`."""
    told = _architecture(model)
    channels, height, width = model.image_shape
    nets = (model.checkpoint.generator, model.checkpoint.encoder)
    decoder, reader = (open_session(state["onnx"].numpy().tobytes()).get_inputs()[0] for state in nets)
    fixed = [one.shape[0] for one in (decoder, reader) if isinstance(one.shape[0], int)]
    rows = fixed[0] if fixed else LINE_ROWS
    shaped = f"reshape({rows}, {channels}, {height}, {width})"
    if told.generator_layout == "nhwc":
        shaped = f"reshape({rows}, {height}, {width}, {channels}).transpose(0, 3, 1, 2)"
    values = {"logits": "1 / (1 + np.exp(-images))", "tanh": "np.clip((images + 1) / 2, 0, 1)"}
    low, high = told.input_low, told.input_high
    seen = "images" if (low, high) == (0, 1) else f"(images * {high - low!r} + {low!r})"
    if told.encoder_layout == "nhwc":
        seen = f"{seen}.transpose(0, 2, 3, 1)"
    latents, seen = _taken("latents", decoder, rows), _taken(seen, reader, rows)
    return [
        "import numpy as np",
        "import onnxruntime",
        "",
        *sampling(model.latents, rows),
        f"generator = onnxruntime.InferenceSession({generator!r})",
        f"given = generator.run(None, {{{decoder.name!r}: {latents}}})[0]",
        f"images = given.astype(np.float32).{shaped}",
        f"images = {values.get(told.gives, 'np.clip(images, 0, 1)')}  # 0 to 1",
        f"encoder = onnxruntime.InferenceSession({encoder!r})",
        f"outputs = encoder.run({told.encoder_outputs!r}, {{{reader.name!r}: {seen}}})",
        f"codes = outputs[0].reshape({rows}, -1)[:, :{model.latents.num_codes}]  # means",
    ]


def _architecture(model: LoadedModel, **changed: int) -> Onnx:
    options = {key: value for key, value in model.config["architecture"].items() if key != "name"}
    return Onnx(**(options | changed))


def _taken(values: str, taken: Any, rows: int) -> str:
    """``values`` in the type and, where it is told, the shape that an input takes."""
    text = f"{values}.astype(np.{_DTYPES[taken.type]})"
    sides = taken.shape[1:]
    return f"{text}.reshape({(rows, *sides)})" if all(isinstance(side, int) for side in sides) else text

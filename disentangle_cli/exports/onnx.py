"""ONNX: a graph for each network, for any runtime and any language."""

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle_cli.errors import UsageError
from disentangle_cli.exporting.about import KEY, results, sampling
from disentangle_cli.exporting.foreign import foreign_lines, open_foreign
from disentangle_cli.exporting.networks import parts
from disentangle_cli.exporting.target import EXPORTS, Arrays, Opened, Target
from disentangle_cli.extras import need
from disentangle_cli.lines import one_line
from disentangle_cli.networks.onnx_file import open_session

MAX_REASON = 200


@EXPORTS.register("onnx")
class Onnx(Target):
    """``generator.onnx`` and ``encoder.onnx``, for any number of rows, metadata in ``metadata_props``.

    Of a model that came as ONNX graphs these are given back as they came.
    """

    files = ("generator.onnx", "encoder.onnx")
    tolerance = 1e-4

    @classmethod
    def need(cls) -> None:
        name = "onnx, onnxruntime and onnxscript"
        need("onnx", "onnx", "onnxruntime", "onnxscript", what="--to onnx", name=name)

    @property
    def foreign(self) -> bool:
        """Whether the model's networks are ONNX graphs from elsewhere."""
        return bool(self.model.config["architecture"]["name"] == "onnx")

    def write(self, folder: Path, about: dict[str, Any]) -> None:
        import onnx

        if self.foreign:
            checkpoint = self.model.checkpoint
            graphs = [
                onnx.ModelProto.FromString(state["onnx"].numpy().tobytes())
                for state in (checkpoint.generator, checkpoint.encoder)
            ]
        else:
            graphs = [_graph(*part) for part in parts(self.model)]
        for file, graph in zip(self.files, graphs, strict=True):
            kept = [entry for entry in graph.metadata_props if entry.key != KEY]
            del graph.metadata_props[:]
            graph.metadata_props.extend(kept)
            graph.metadata_props.add(key=KEY, value=json.dumps(about))
            (folder / file).write_bytes(graph.SerializeToString())

    def open(self, folder: Path) -> Opened:
        data = [(folder / file).read_bytes() for file in self.files]
        generator, encoder = map(open_session, data)
        said = json.loads(encoder.get_modelmeta().custom_metadata_map[KEY])
        if self.foreign:
            return open_foreign(self.model, data[0], data[1], said)

        def generate(latents: Arrays) -> Arrays:
            return np.asarray(generator.run(None, {"latents": latents})[0])

        def encode(images: Arrays) -> list[Arrays]:
            return list(encoder.run(None, {"images": images}))

        return Opened(generate, encode, said)

    def lines(self, folder: Path) -> list[str]:
        generator, encoder = (str(folder / file) for file in self.files)
        if self.foreign:
            return foreign_lines(self.model, generator, encoder)
        codes, images_shape, codes_shape = results(self.model)
        only = "" if self.model.has_posterior else "[0]"
        return [
            "import numpy as np",
            "import onnxruntime",
            "",
            *sampling(self.model.latents),
            f"generator = onnxruntime.InferenceSession({generator!r})",
            f'images = generator.run(None, {{"latents": latents}})[0]{images_shape}',
            f"encoder = onnxruntime.InferenceSession({encoder!r})",
            f'{codes} = encoder.run(None, {{"images": images}}){only}{codes_shape}',
        ]


def _graph(part: str, net: torch.nn.Module, taken: str, given: list[str], example: torch.Tensor) -> Any:
    """The graph of a network, as an ``onnx.ModelProto``.

    Raises:
        UsageError: it has an operation that ONNX has not.
    """
    rows = torch.export.Dim("n")
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                net, (example,), input_names=[taken], output_names=given, dynamic_shapes=({0: rows},),
                dynamo=True, verbose=False,
            )  # fmt: skip
        assert program is not None
    except Exception as error:  # the exporter has no common class of errors
        reason = one_line(str(error).partition("\n")[0])[:MAX_REASON]
        raise UsageError(f"--to onnx: the {part} cannot be written as ONNX ({reason})") from error
    return program.model_proto


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on packages that are not there and on names that will change."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

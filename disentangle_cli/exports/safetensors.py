"""Safetensors: the weights of both networks in one file, with all that makes a checkpoint of it again."""

import json
from pathlib import Path
from typing import Any

import torch

from disentangle_cli.exporting.about import KEY, results, sampling
from disentangle_cli.exporting.safe_file import read_safe_file
from disentangle_cli.exporting.target import EXPORTS, Arrays, Opened, Target, refuse_foreign
from disentangle_cli.extras import need
from disentangle_cli.modelling.loaded import LoadedModel


@EXPORTS.register("safetensors")
class Safetensors(Target):
    """``model.safetensors``: weights called ``generator.*`` and ``encoder.*``, metadata in its header."""

    files = ("model.safetensors",)
    tolerance = 1e-6

    @classmethod
    def need(cls) -> None:
        need("safetensors", "safetensors", what="--to safetensors", name="safetensors")

    def write(self, folder: Path, about: dict[str, Any]) -> None:
        from safetensors.torch import save

        refuse_foreign(self.model, "safetensors")
        checkpoint = self.model.checkpoint
        networks = {"generator": checkpoint.generator, "encoder": checkpoint.encoder}
        weights = {
            f"{part}.{name}": tensor.contiguous().clone()
            for part, state in networks.items()
            for name, tensor in state.items()
        }
        (folder / self.files[0]).write_bytes(save(weights, metadata={KEY: json.dumps(about)}))

    def open(self, folder: Path) -> Opened:
        checkpoint, said = read_safe_file(folder / self.files[0])
        model = LoadedModel(checkpoint)

        def encode(images: Arrays) -> list[Arrays]:
            seen = torch.from_numpy(images)
            return [one.numpy() for one in model.posterior(seen) or (model.encode(seen),)]

        return Opened(lambda latents: model.generate(latents).numpy(), encode, said)

    def lines(self, folder: Path) -> list[str]:
        file = str(folder / self.files[0])
        codes, images_shape, codes_shape = results(self.model)
        method = "posterior" if self.model.has_posterior else "encode"
        return [
            "import disentangle_cli as dcr",
            "import numpy as np",
            "from safetensors.torch import load_file",
            "",
            f"weights = load_file({file!r})  # generator.* and encoder.*, for networks of your own",
            *sampling(self.model.latents),
            f"model = dcr.from_safetensors({file!r})",
            f"images = model.generate(latents){images_shape}",
            f"{codes} = model.{method}(images){codes_shape}",
        ]

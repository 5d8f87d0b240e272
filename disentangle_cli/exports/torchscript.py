"""TorchScript: two traced programs, which PyTorch runs without dcr, in C++ too."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch

from disentangle_cli.exporting.about import KEY, results, sampling
from disentangle_cli.exporting.networks import parts
from disentangle_cli.exporting.target import EXPORTS, Arrays, Opened, Target, refuse_foreign

METADATA = f"{KEY}.json"
"""The extra file of an archive that holds the metadata."""


@EXPORTS.register("torchscript")
class TorchScript(Target):
    """``generator.torchscript`` and ``encoder.torchscript``: not ``.pt``, or a pool would take them in."""

    files = ("generator.torchscript", "encoder.torchscript")
    tolerance = 1e-5

    @classmethod
    def need(cls) -> None:
        """Nothing more than PyTorch."""

    def write(self, folder: Path, about: dict[str, Any]) -> None:
        refuse_foreign(self.model, "torchscript")
        for file, (_, net, _, _, example) in zip(self.files, parts(self.model), strict=True):
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # of tracing: the comparison tells whether it went well
                traced = torch.jit.trace(net, example, check_trace=False)  # type: ignore[no-untyped-call]
                torch.jit.save(traced, folder / file, _extra_files={METADATA: json.dumps(about)})

    def open(self, folder: Path) -> Opened:
        said = {METADATA: ""}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            generator, encoder = (torch.jit.load(folder / file, _extra_files=said) for file in self.files)  # type: ignore[no-untyped-call]

        def generate(latents: Arrays) -> Arrays:
            with torch.no_grad():
                images: Arrays = generator(torch.from_numpy(latents)).numpy()
            return images

        def encode(images: Arrays) -> list[Arrays]:
            with torch.no_grad():
                found = encoder(torch.from_numpy(images))
            return [one.numpy() for one in (found if isinstance(found, tuple) else (found,))]

        return Opened(generate, encode, json.loads(said[METADATA]))

    def lines(self, folder: Path) -> list[str]:
        generator, encoder = (str(folder / file) for file in self.files)
        codes, images_shape, codes_shape = results(self.model)
        return [
            "import numpy as np",
            "import torch",
            "",
            *sampling(self.model.latents),
            f"generator = torch.jit.load({generator!r})",
            f"images = generator(torch.from_numpy(latents)){images_shape}",
            f"encoder = torch.jit.load({encoder!r})",
            f"{codes} = encoder(images){codes_shape}",
        ]

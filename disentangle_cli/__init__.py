"""dcr: train, score, traverse and select disentangled generative models.

    import disentangle_cli as dcr

    model = dcr.load("ckpts/infogan-cr_dsprites_seed-0.pt")
    images = model.generate(model.sample_latents(16))  # (16, C, H, W) in [0, 1]
    codes = model.encode(images)  # (16, K)

Each name below is imported on first use, so that ``import disentangle_cli`` stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle_cli.api.compare import compare
    from disentangle_cli.api.export import export, from_safetensors
    from disentangle_cli.api.generate import encode, generate
    from disentangle_cli.api.plot import plot
    from disentangle_cli.api.rank import rank, select
    from disentangle_cli.api.reconstruct import reconstruct
    from disentangle_cli.api.score import score
    from disentangle_cli.api.train import train
    from disentangle_cli.api.traverse import traverse
    from disentangle_cli.datasets import open_dataset
    from disentangle_cli.models import load_model as load
    from disentangle_cli.models import save_model as save

__version__ = "0.1.0"
_HOMES = {
    "compare": ("api.compare", "compare"),
    "encode": ("api.generate", "encode"),
    "export": ("api.export", "export"),
    "from_safetensors": ("api.export", "from_safetensors"),
    "generate": ("api.generate", "generate"),
    "load": ("models", "load_model"),
    "open_dataset": ("datasets", "open_dataset"),
    "plot": ("api.plot", "plot"),
    "rank": ("api.rank", "rank"),
    "reconstruct": ("api.reconstruct", "reconstruct"),
    "save": ("models", "save_model"),
    "score": ("api.score", "score"),
    "select": ("api.rank", "select"),
    "train": ("api.train", "train"),
    "traverse": ("api.traverse", "traverse"),
}
__all__ = [
    "__version__", "compare", "encode", "export", "from_safetensors", "generate", "load", "open_dataset",
    "plot", "rank", "reconstruct", "save", "score", "select", "train", "traverse",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    from disentangle_cli.api.arguments import speaks_of_arguments

    return speaks_of_arguments(getattr(importlib.import_module(f"{__name__}.{module}"), attribute))


def __dir__() -> list[str]:
    return sorted(__all__)

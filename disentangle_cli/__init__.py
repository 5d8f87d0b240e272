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
    from disentangle_cli.generation import generate
    from disentangle_cli.models import load_model as load
    from disentangle_cli.models import save_model as save
    from disentangle_cli.scoring import score
    from disentangle_cli.selection import select
    from disentangle_cli.training import train_model as train
    from disentangle_cli.traversal import traverse

__version__ = "0.1.0"
__all__ = ["__version__", "generate", "load", "save", "score", "select", "train", "traverse"]

_HOMES = {
    "load": ("disentangle_cli.models", "load_model"),
    "save": ("disentangle_cli.models", "save_model"),
    "train": ("disentangle_cli.training", "train_model"),
    "generate": ("disentangle_cli.generation", "generate"),
    "score": ("disentangle_cli.scoring", "score"),
    "select": ("disentangle_cli.selection", "select"),
    "traverse": ("disentangle_cli.traversal", "traverse"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)

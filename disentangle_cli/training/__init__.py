"""Training: runs of one configuration (:func:`train_together`), or a pool of any (:func:`train_pool`)."""

from disentangle_cli.training.pool import train_pool
from disentangle_cli.training.request import (
    chosen_preset,
    configure,
    default_on,
    from_earlier,
    parse_seeds,
    parse_sweeps,
    preset_on,
)
from disentangle_cli.training.spec import Run
from disentangle_cli.training.together import train_together

__all__ = [
    "Run",
    "chosen_preset",
    "configure",
    "default_on",
    "from_earlier",
    "parse_seeds",
    "parse_sweeps",
    "preset_on",
    "train_pool",
    "train_together",
]

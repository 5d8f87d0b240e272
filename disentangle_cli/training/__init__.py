"""Training: one run (:func:`train`) or a pool of them (:func:`train_pool`)."""

from disentangle_cli.training.pool import train_pool
from disentangle_cli.training.request import configure, from_earlier, parse_seeds, parse_sweeps
from disentangle_cli.training.spec import Run
from disentangle_cli.training.together import train

__all__ = [
    "Run",
    "configure",
    "from_earlier",
    "parse_seeds",
    "parse_sweeps",
    "train",
    "train_pool",
]

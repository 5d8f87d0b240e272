"""Training from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disentangle_cli.training.request import configure
from disentangle_cli.training.run import train
from disentangle_cli.training.spec import Run


def train_model(
    model: str = "infogan-cr",
    dataset: str = "dsprites",
    *,
    preset: str | None = None,
    iterations: int | None = None,
    sets: Sequence[str] = (),
    seed: int = 0,
    out: str | Path = "ckpts",
    **options: Any,
) -> Path:
    """Train one model as ``dcr train`` does and return the path of its checkpoint.

    ``sets`` are dotted settings (``"info.weight=0.5"``); ``options`` are further fields of
    :class:`~disentangle_cli.training.spec.Run`: ``name``, ``resume``, ``overwrite``, ``device``,
    ``precision``, ``compile``.

    Raises:
        UsageError: unknown names or values that do not fit.
        RunError: the training diverged or its output is in use.
        Interrupted: a signal stopped it; its state is saved.
    """
    config = configure(model, preset, iterations, sets)
    return train(Run(model, config, dataset, seed, Path(out), **options))

"""Writing an export, and reading it back before it appears."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle_cli.errors import RunError
from disentangle_cli.exporting.about import about
from disentangle_cli.exporting.target import EXPORTS, Arrays, Opened, Target
from disentangle_cli.files import atomic_folder
from disentangle_cli.modelling.loaded import LoadedModel

BATCHES = (1, 7)
"""Rows at a time: other numbers than the example that was traced."""


@dataclass(frozen=True)
class Deviation:
    """By how much what was read back differs from the model: the largest differences.

    Attributes:
        images: of a pixel in [0, 1].
        codes: of a code or log-variance, in units of the largest one (at least 1).
        tolerance: what is allowed.
    """

    images: float
    codes: float
    tolerance: float


def write_export(model: LoadedModel, to: str, folder: Path) -> tuple[list[Path], Deviation, list[str]]:
    """Write ``model`` as ``to`` says into ``folder``, where it appears once it was read back and compared.

    Returns:
        The files, the deviation, and lines of Python that load them.

    Raises:
        UsageError: no such format, its package is not installed, or the model cannot be written so.
        RunError: what was read back differs by more than the tolerance, or the folder cannot be written.
    """
    target = target_of(model, to)
    said = about(model)
    with atomic_folder(folder) as made:
        target.write(made, said)
        deviation = compare(model, target, target.open(made), said)
    return [folder / name for name in target.files], deviation, target.lines(folder)


def target_of(model: LoadedModel, to: str) -> Target:
    """The format of that name, for ``model``.

    Raises:
        UsageError: there is none, or its package is not installed.
    """
    kind = EXPORTS.get(to)
    kind.need()
    return kind(model)


def compare(model: LoadedModel, target: Target, opened: Opened, said: dict[str, Any]) -> Deviation:
    """Hold what was read back against the model, on draws from the prior and on images of noise.

    Raises:
        RunError: it differs, in numbers by more than the tolerance.
    """
    if opened.about != said:
        raise RunError("read back, the metadata are not those of the model; nothing was written")
    rng = torch.Generator().manual_seed(1)
    images = codes = 0.0
    for rows in BATCHES:
        latents = model.latents.sample(rows, rng)
        made = model.generate(latents)
        images = max(images, _difference(made.numpy(), opened.generate(latents.numpy())))
        for seen in (made, torch.rand(made.shape, generator=rng)):
            wanted = model.posterior(seen) or (model.encode(seen),)
            found = opened.encode(seen.numpy())
            if len(found) != len(wanted):
                raise RunError(f"the export gives {len(found)} arrays of codes, the model {len(wanted)}")
            for one, other in zip(wanted, found, strict=True):
                scale = max(1.0, float(one.abs().max()))
                codes = max(codes, _difference(one.numpy(), other) / scale)
    deviation = Deviation(images, codes, target.tolerance)
    for what, value in (("an image", images), ("a code", codes)):
        if not value <= target.tolerance:  # NaN is not, either
            raise RunError(
                f"read back, {what} differs by {value:.3g}, where {target.tolerance:g} is allowed; "
                "nothing was written"
            )
    return deviation


def _difference(wanted: Arrays, found: Arrays) -> float:
    if found.shape != wanted.shape:
        raise RunError(f"read back, the export gives {found.shape}, the model {wanted.shape}")
    return float(np.abs(np.asarray(found, np.float64) - wanted).max())

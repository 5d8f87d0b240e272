"""The codes of a data set's images, each encoded at most once."""

from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Floats, Ints
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.encoding import encoded
from disentangle_cli.models import Model


class CodeCache:
    """Encodes images of a data set and remembers the posterior (or Q's mean) of each."""

    def __init__(self, model: Model, dataset: Dataset, sample: bool) -> None:
        """``sample`` asks for posterior samples where the model has a posterior.

        Raises:
            UsageError: model and data set differ in image shape.
        """
        if tuple(model.image_shape) != tuple(dataset.image_shape):
            raise UsageError(
                f"the model takes images of {_shape(model.image_shape)}, data set {dataset.name} has "
                f"{_shape(dataset.image_shape)}; name a fitting one with --dataset"
            )
        self.model = model
        self.dataset = dataset
        self.samples = sample
        codes = model.latents.num_codes
        self._known = np.zeros(len(dataset), bool)
        self._mean = np.zeros((len(dataset), codes), np.float32)
        self._std: Floats | None = None

    def fill(self, indices: Ints) -> None:
        """Encode those images among ``indices`` (any shape) that are not known yet."""
        wanted = np.zeros(len(self.dataset), bool)
        wanted[indices.reshape(-1)] = True
        missing = np.flatnonzero(wanted & ~self._known)
        if not missing.size:
            return
        self._mean[missing], std = encoded(self.model, self.dataset, missing, spread=self.samples)
        self.samples = std is not None
        if std is not None:
            self._std = np.zeros_like(self._mean) if self._std is None else self._std
            self._std[missing] = std
        self._known[missing] = True

    def codes(self, indices: Ints, rng: np.random.Generator) -> Floats:
        """Codes of known images: any shape (...) -> (..., K). A sample is drawn anew for every entry."""
        codes = self._mean[indices]
        if self._std is not None:
            codes = codes + self._std[indices] * rng.standard_normal(codes.shape, np.float32)
        return codes


def _shape(shape: Any) -> str:
    return "x".join(str(side) for side in shape)

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
        self._rows = np.empty(0, np.int64)  # known images, ascending
        self._mean = np.empty((0, model.latents.num_codes), np.float32)
        self._std: Floats | None = None

    def fill(self, indices: Ints) -> None:
        """Encode those images among ``indices`` (any shape) that are not known yet."""
        missing = np.setdiff1d(indices, self._rows)
        if not missing.size:
            return
        mean, std = encoded(self.model, self.dataset, missing, spread=self.samples)
        self.samples = std is not None
        rows = np.concatenate([self._rows, missing])
        order = np.argsort(rows)
        self._rows = rows[order]
        if std is not None:
            known = mean[:0] if self._std is None else self._std
            self._std = np.concatenate([known, std])[order]
        self._mean = np.concatenate([self._mean, mean])[order]

    def codes(self, indices: Ints, rng: np.random.Generator) -> Floats:
        """Codes of known images: any shape (...) -> (..., K). A sample is drawn anew for every entry."""
        shape = (*indices.shape, self._mean.shape[1])
        return self.noisy(indices, None if self._std is None else rng.standard_normal(shape, np.float32))

    def noisy(self, indices: Ints, noise: Floats | None) -> Floats:
        """As :meth:`codes`, with the noise (..., K) of samples, which is left aside where there are none."""
        places = np.searchsorted(self._rows, indices)
        codes = self._mean[places]
        return codes if self._std is None or noise is None else codes + self._std[places] * noise


def _shape(shape: Any) -> str:
    return "x".join(str(side) for side in shape)

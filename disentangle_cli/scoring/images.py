"""Arrays that come from images a model makes: reconstructions, class probabilities, features."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.arraytypes import Floats
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.metric import Undefined
from disentangle_cli.modelling.encoding import latents_of
from disentangle_cli.models import Model
from disentangle_cli.output import progress
from disentangle_cli.scoring.classifier import class_factor, classifier_for
from disentangle_cli.scoring.features import features, load_extractor
from disentangle_cli.scoring.plan import Plan

BATCH = 256

Made = tuple[tuple[Floats, ...], str]
"""The arrays of a family in the order of the table, and what readers of their numbers should know."""


@torch.no_grad()
def _reconstructions(model: Model, dataset: Dataset, plan: Plan, seed: int, repeat: int) -> Made:
    """(n,) float64: squared error of each image's reconstruction, summed over pixels and channels.

    Codes come from the encoder; latents that are no codes (a GAN's noise) are drawn from their prior.
    """
    count = plan.reconstructions
    rows = dataset.draw(np.random.default_rng([seed, repeat, Family.RECONSTRUCTIONS]), count)
    rng = torch.Generator().manual_seed(seed * 1_000_003 + repeat)
    errors = []
    with progress(total=count, desc="reconstructing", unit="images") as bar:
        for start in range(0, count, BATCH):
            images = dataset.tensors(rows[start : start + BATCH]).to(model.device)
            made = model.generate(latents_of(model, images, rng)).to(images.device)
            errors.append((made - images).double().square().sum(dim=(1, 2, 3)).cpu().numpy())
            bar.update(len(images))
    return (np.concatenate(errors),), ""


def _class_probabilities(model: Model, dataset: Dataset, plan: Plan, seed: int, repeat: int) -> Made:
    """(n, classes) float32 of generated images, and how good the classifier is."""
    if class_factor(dataset) is None:
        raise Undefined(f"data set {dataset.name} has no unordered factor")
    judge = classifier_for(dataset, model.device)
    batches = _generated(model, plan.generated, seed, repeat)
    with torch.no_grad():
        said = [judge.net(batch.to(model.device)).softmax(dim=1).cpu().numpy() for batch in batches]
    return (np.concatenate(said),), judge.words


def _features(model: Model, dataset: Dataset, plan: Plan, seed: int, repeat: int) -> Made:
    """(n, D) each of real and of generated images."""
    device, count = str(model.device), plan.generated
    rows = dataset.draw(np.random.default_rng([seed, repeat, Family.FEATURES]), count)
    real = (dataset.tensors(rows[start : start + BATCH]) for start in range(0, count, BATCH))
    made = _generated(model, count, seed, repeat)
    try:
        extract = load_extractor(device)
        return (features(extract, real, device), features(extract, made, device)), ""
    except UsageError as error:
        raise Undefined(str(error)) from None


MADE: Mapping[Family, Callable[[Model, Dataset, Plan, int, int], Made]] = {
    Family.RECONSTRUCTIONS: _reconstructions,
    Family.CLASS_PROBABILITIES: _class_probabilities,
    Family.FEATURES: _features,
}
"""How the arrays of each family that a model makes come about; ``Undefined`` where they cannot be had."""


def _generated(model: Model, count: int, seed: int, repeat: int) -> Iterator[Tensor]:
    """``count`` images from the prior, (n, C, H, W) at a time."""
    rng = torch.Generator().manual_seed(seed * 1_000_003 + repeat)
    with progress(total=count, desc="generating", unit="images") as bar:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            with torch.no_grad():
                yield model.generate(model.sample_latents(size, rng)).float()
            bar.update(size)
